/** Whatever is asked, nobody is told of a knock, a reason or a note that is not theirs to see: random documents, each as everybody. */
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openScene, VIEWERS, WORDS, type Scene, type ViewerName } from '../support/authorisation-scene.ts';
import { operationOf, type Pool } from '../support/random-operations.ts';

const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
const FIELDS = Object.keys(schema.getQueryType()!.getFields());

let scene: Scene;
let pool: Pool;
/** Ids of knocks, and words. */
type Secret = 'knocks' | keyof typeof WORDS;
let secrets: readonly (readonly [Secret, readonly string[]])[];

beforeAll(async () => {
  scene = await openScene();
  const { ids, roomId, viewers } = scene;
  const all = Object.values(ids).flat();
  const { data } = await viewers.admin.graphql(
    `{ knocks { edges { cursor } } transitions { edges { cursor node { id event { id } } } } }`,
  );
  const text = JSON.stringify(data);
  const found = (name: string): readonly string[] =>
    [...text.matchAll(new RegExp(`"${name}":"([^"]+)"`, 'g'))].map(([, value]) => value!);
  pool = {
    ids: [...all, ...found('id')],
    cursors: found('cursor'),
    roomIds: [roomId],
    userIds: Object.values(viewers).map(({ userId }) => userId),
  };
  const words = (Object.keys(WORDS) as (keyof typeof WORDS)[]).map((name) => [name, [WORDS[name]]] as const);
  secrets = [['knocks', ids['Knock']!], ...words];
}, 120_000);

afterAll(() => scene.desk.close());

/** Who may come upon what; the knocker's words are hidden from all who did not reveal them, and nobody did. */
const MAY: Readonly<Record<Secret, readonly ViewerName[]>> = {
  knocks: ['knocker', 'moderator', 'knocks', 'adminToken', 'admin'],
  knock: ['knocker'],
  again: ['knocker'],
  no: ['knocker', 'moderator', 'adminToken', 'admin'],
  note: ['moderator', 'adminToken', 'admin'],
};

/** Documents below each field; a longer search asks for more. */
const RUNS = Number(process.env['SECRECY_RUNS'] ?? 40);

let shown = 0;

/** Which of the secrets an answer tells. What a request brings along may come back in the error that refuses it. */
function toldIn({ data }: { readonly data?: unknown }): readonly Secret[] {
  const text = JSON.stringify(data ?? null);
  return secrets.filter(([, marks]) => marks.some((mark) => text.includes(mark))).map(([secret]) => secret);
}

it('those who may are told, by who asks for it', async () => {
  const [rejected, pending] = scene.ids['Knock']!;
  const query = `query ($rejected: ID!, $pending: ID!) { rejected: node(id: $rejected) { ...words } pending: node(id: $pending) { ...words } }
    fragment words on Knock { id reason decisionReason notes { text } }`;
  for (const viewer of VIEWERS) {
    const told = toldIn(await scene.viewers[viewer].graphql(query, { rejected, pending }));
    expect(told, viewer).toEqual(secrets.map(([secret]) => secret).filter((secret) => MAY[secret].includes(viewer)));
  }
});

it.each(FIELDS)('by no document below %s', { timeout: 300_000 }, async (name) => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), async (gen) => {
      const { query, variables } = operationOf(schema, 'query', name, pool, (from) => gen(() => from));
      await Promise.all(
        VIEWERS.map(async (viewer) => {
          const answer = await scene.viewers[viewer].graphql(query, variables);
          for (const secret of toldIn(answer)) {
            shown += 1;
            const may = MAY[secret].includes(viewer);
            expect(may, `${viewer} is told ${secret}: ${query} ${JSON.stringify(variables)}`).toBe(true);
          }
        }),
      );
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
});

// How often is a matter of chance.
it('and those who may come upon it by chance as well', () => {
  expect(shown).toBeGreaterThan(0);
});

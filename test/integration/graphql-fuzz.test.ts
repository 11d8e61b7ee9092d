/** Random operations, typed by the schema and asked by all sorts of people, never find the server at a loss. */
import fc from 'fast-check';
import { buildSchema } from 'graphql';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, type Desk } from '../support/graphql.ts';
import { operationOf, type Pool } from '../support/random-operations.ts';
import { rawRequest } from '../support/raw.ts';
import { runRole } from '../support/server.ts';

const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
const FIELDS = [
  ...Object.keys(schema.getQueryType()!.getFields()).map((name) => ['query', name] as const),
  ...Object.keys(schema.getMutationType()!.getFields()).map((name) => ['mutation', name] as const),
];

let desk: Desk;
let clients: readonly Client[];
let pool: Pool;

beforeAll(async () => {
  desk = await openDesk();
  const [owner, kim, lee] = await Promise.all(['owner', 'kim', 'lee'].map((name) => desk.join(name)));
  const admin = await desk.admin('root');
  clients = [owner!, kim!, lee!, admin];
  pool = await scenery(owner!, kim!, lee!, admin);
});

afterAll(() => desk.close());

/** Rooms in which all of them are something, and names, ids and cursors of what is there. */
async function scenery(owner: Client, kim: Client, lee: Client, admin: Client): Promise<Pool> {
  const roomIds = [
    await makeRoom(owner),
    await makeRoom(owner, { version: '11', joinRule: 'PUBLIC' }),
    await makeRoom(kim, { version: '8', preset: 'TRUSTED_PRIVATE_CHAT', invite: [lee.userId] }),
  ];
  await act(kim, 'knock', { roomId: roomIds[0], reason: 'hello' });
  await act(lee, 'joinRoom', { roomId: roomIds[1] });
  const { knocks, rooms, transitions } = await ask(
    admin,
    `{ knocks { edges { cursor node { id user { id } event { id } } } }
       rooms { edges { cursor node { id members { edges { cursor node { id } } } } } }
       transitions { edges { cursor node { id event { id } } } } }`,
  );
  const text = JSON.stringify([knocks, rooms, transitions]);
  const all = (name: string) => [
    ...new Set([...text.matchAll(new RegExp(`"${name}":"([^"]+)"`, 'g'))].map(([, value]) => value!)),
  ];
  return {
    ids: all('id'),
    cursors: all('cursor'),
    roomIds: [...roomIds, '!nowhere:other.example'],
    userIds: [...clients.map(({ userId }) => userId), '@somebody:other.example'],
  };
}

let done = 0;

/** What an answer must not tell of: code, SQL, the driver, files. */
const INSIDES =
  /\.[jt]s:\d|node_modules|\bat \w+ \(|\b(select|insert|update|delete)\b.+\b(from|into|set)\b|relation "|syntax error at|ECONN|invalid input/i;

it.each(FIELDS)('%s %s', { timeout: 300_000 }, async (kind, name) => {
  await fc.assert(
    fc.asyncProperty(fc.gen(), fc.nat(), async (gen, who) => {
      const client = clients[who % clients.length]!;
      const operation = operationOf(schema, kind, name, pool, (from) => gen(() => from));
      const answer = await rawRequest(desk.server.port, {
        ...{ method: 'POST', path: '/graphql', token: client.token, timeoutMs: 60_000 },
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(operation),
      });
      expect([200, 400], answer.text.slice(0, 500)).toContain(answer.status);
      if (answer.json.errors === undefined) done += 1;
      for (const { message, extensions, ...rest } of answer.json.errors ?? []) {
        // A selection that came out too wide is a matter of the limits.
        if (extensions.code === 'GRAPHQL_PARSE_FAILED') expect(message).toContain('tokens');
        else
          expect(extensions.code, message).toMatch(/^(M_[A-Z_]+|KNOCK_ALREADY_(DECIDED|CLAIMED)|UNKNOWN_BEFORE_JOIN)$/);
        // Other servers cannot be reached from here, which Matrix says with this code.
        if (extensions.code === 'M_UNKNOWN') expect(message).toMatch(/reached\.$|^No server gave an answer: /);
        expect(`${message} ${JSON.stringify(extensions)}`).not.toMatch(INSIDES);
        for (const key of Object.keys(rest)) expect(['locations', 'path']).toContain(key);
      }
    }),
    { numRuns: 40, endOnFailure: true },
  );
});

it('much of it was answered, nothing went wrong inside, and the log is sound', async () => {
  expect(done).toBeGreaterThan(100);
  expect(desk.server.output().log).not.toMatch(/a GraphQL field failed|unit refused|nobody listened|request failed/);
  const verified = await runRole(['verify'], { DATABASE_URL: desk.test.url, DATA_DIR: desk.server.dataDir });
  expect(verified, verified.out).toMatchObject({ code: 0, out: expect.stringContaining('Clean.') });
});

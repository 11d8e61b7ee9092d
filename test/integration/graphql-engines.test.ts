/** Two processes on one database, of which one answers queries by plans and one by graphql-js alone: their answers are the same bytes. */
import fc from 'fast-check';
import { buildSchema, Kind, OperationTypeNode, parse } from 'graphql';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, type Desk } from '../support/graphql.ts';
import { operationOf, type Pool } from '../support/random-operations.ts';
import { rawRequest } from '../support/raw.ts';
import { startServer, type TestServer } from '../support/server.ts';

const ROOT = new URL('../../', import.meta.url);
const schema = buildSchema(readFileSync(new URL('schema.graphql', ROOT), 'utf8'));

let desk: Desk;
let plain: TestServer;
let clients: readonly Client[];
let pool: Pool;

beforeAll(async () => {
  desk = await openDesk(null, { RATE_LIMITS: 'off' });
  const [owner, kim, lee] = await Promise.all(['owner', 'kim', 'lee'].map((name) => desk.join(name)));
  const admin = await desk.admin('root');
  clients = [owner!, kim!, lee!, admin];
  pool = await scenery(owner!, kim!, lee!, admin);
  const there = { databaseUrl: desk.test.url, dataDir: desk.server.dataDir };
  plain = await startServer({ ...there, args: ['--read'], env: { GRAPHQL_PLANS: 'off' } });
});

afterAll(async () => {
  await plain.stop();
  await desk.close();
});

/** Rooms in which all of them are something, knocks in every state, and words that some are not shown. */
async function scenery(owner: Client, kim: Client, lee: Client, admin: Client): Promise<Pool> {
  const roomIds = [
    await makeRoom(owner),
    await makeRoom(owner, { version: '11', joinRule: 'PUBLIC' }),
    await makeRoom(kim),
  ];
  await act(kim, 'knock', { roomId: roomIds[0], reason: 'hello' });
  await act(lee, 'knock', { roomId: roomIds[0], reason: 'let me in' });
  await act(owner, 'acceptKnock', { roomId: roomIds[0], userId: lee.userId, reason: 'welcome' });
  await act(lee, 'knock', { roomId: roomIds[2] });
  await act(lee, 'retractKnock', { roomId: roomIds[2], reason: 'no more' });
  await act(lee, 'joinRoom', { roomId: roomIds[1] });
  const { transitions, knocks } = await ask(
    admin,
    `{ transitions { edges { cursor node { id event { id } knock { id } user { id } room { id } } } } knocks { edges { cursor } } }`,
  );
  const text = JSON.stringify([transitions, knocks]);
  const all = (name: string) => [
    ...new Set([...text.matchAll(new RegExp(`"${name}":"([^"]+)"`, 'g'))].map(([, value]) => value!)),
  ];
  const userIds = [...clients.map(({ userId }) => userId), '@somebody:other.example'];
  return { ids: all('id'), cursors: all('cursor'), roomIds: [...roomIds, '!nowhere:other.example'], userIds };
}

interface Asked {
  readonly query: string;
  readonly operationName?: string;
  readonly variables?: object;
}

async function answerOf(port: number, token: string, asked: Asked): Promise<string> {
  const { status, text } = await rawRequest(port, {
    ...{ method: 'POST', path: '/graphql', token, timeoutMs: 60_000 },
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  });
  return `${status} ${inOneOrder(text)}`;
}

/** Errors come in the order in which the database answered, with one engine as with the other. */
function inOneOrder(text: string): string {
  const { errors } = JSON.parse(text) as { errors?: readonly object[] };
  if (errors === undefined) return text;
  const spelled = errors.map((error) => JSON.stringify(error));
  return text.replace(spelled.join(','), () => spelled.toSorted().join(','));
}

async function expectAlike(client: Client, asked: Asked): Promise<string> {
  for (let tries = 1; ; tries += 1) {
    const ports = [desk.server.port, plain.port];
    const [planned, left] = await Promise.all(ports.map((port) => answerOf(port, client.token, asked)));
    if (planned === left) return planned!;
    // Where two things are wrong with a field, the one that is found first is told.
    if (tries === 5) expect(planned, JSON.stringify(asked)).toBe(left);
  }
}

async function plannedBy({ url }: TestServer): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^vestibule_graphql_planned_total (\d+)/m.exec(text)?.[1]);
}

/** The queries of the README, the guides and the examples, as they are spelled there. */
function documented(): readonly string[] {
  const under = (folder: string, end: string) =>
    readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith(end))
      .map((name) => `${folder}/${name}`);
  const files = ['README.md', ...under('docs', '.md'), ...under('examples', '.ts')];
  return files.flatMap((file) => {
    const text = readFileSync(new URL(file, ROOT), 'utf8');
    const spelled = [
      ...text.matchAll(/"query": "((?:[^"\\]|\\.)*)"/g),
      ...text.matchAll(/`((?:query|\{)\s[^`$]*(?:\$[a-z][^`$]*)*)`/g),
    ].map(([, found]) => found!.replaceAll(String.raw`\"`, '"'));
    return spelled.filter(isQuery);
  });
}

function isQuery(text: string): boolean {
  try {
    return parse(text).definitions.every(
      (node) => node.kind !== Kind.OPERATION_DEFINITION || node.operation === OperationTypeNode.QUERY,
    );
  } catch {
    return false;
  }
}

it('each query of the documentation and the examples is planned, and answered alike', async () => {
  const queries = documented();
  expect(queries.length).toBeGreaterThanOrEqual(6);
  const roomId = pool.roomIds[0];
  for (const query of queries) {
    const before = await plannedBy(desk.server);
    for (const client of clients)
      expect(await expectAlike(client, { query, variables: { roomId, room: roomId } }), query).toMatch(
        /^200 \{"data":\{/,
      );
    expect(await plannedBy(desk.server), query).toBe(before + clients.length);
  }
  expect(await plannedBy(plain), 'it is turned off').toBe(0);
});

it.each<[string, string, object?]>([
  ['what is refused', '{ rooms { nodes { name stats { timeToDecision { median } } } } actions { nodes { id } } }'],
  [
    'one refusal among answers',
    '{ viewer { userId } a: node(id: "none") { id } b: transitions(first: 1) { nodes { kind } } }',
  ],
  ['variables that do not fit', 'query ($first: Int!) { rooms(first: $first) { nodes { id } } }', { first: 'many' }],
  ['variables that are missing', 'query ($id: ID!) { node(id: $id) { id } }'],
  ['a size out of range', 'query ($first: Int) { rooms(first: $first) { nodes { id } } }', { first: -1 }],
  [
    'enums that are none',
    'query ($w: KnockFilter) { knocks(where: $w) { nodes { id } } }',
    { w: { status: ['MAYBE'] } },
  ],
  ['a field that is not there', '{ viewer { nothing } }'],
  ['a document that does not parse', '{ viewer { '],
  ['directives', 'query ($no: Boolean!) { viewer { userId @skip(if: $no) isAdmin @include(if: true) } }', { no: true }],
  ['hidden words', '{ knocks { nodes { reason reasonIsHidden event { content reasonIsHidden } } } }'],
  [
    'fragments on nodes',
    '{ transitions { nodes { ...T } } } fragment T on Transition { ... on Node { id } user { ...U } actor { ...U } } fragment U on User { userId displayName }',
  ],
  ['a name that objects have', '{ viewer { __proto__: userId } }'],
])('%s is told alike', async (_what, query, variables = {}) => {
  for (const client of clients) for (let n = 0; n < 3; n += 1) await expectAlike(client, { query, variables });
});

/** Of a document that is known by then, in every way in which a request can name it, bring it and take its answer. */
it.each<[string, object, Readonly<Record<string, string>>?]>([
  ['with nothing besides', {}],
  ['with an operation', { operationName: 'A' }],
  ['with another operation', { operationName: 'B', variables: { first: 2 } }],
  ['with an operation that it does not have', { operationName: 'C' }],
  ['with an operation without a name', { operationName: '' }],
  ['with an operation that is none', { operationName: 7 }],
  ['with no operation, of two', { operationName: null, variables: null, extensions: null }],
  ['with variables that are none', { operationName: 'A', variables: [] }],
  ['with variables that do not fit', { operationName: 'B', variables: { first: '2' } }],
  ['with a page that is too long', { operationName: 'B', variables: { first: 1_000 } }],
  ['with extensions', { operationName: 'A', extensions: {} }],
  ['with extensions that are none', { operationName: 'A', extensions: 7 }],
  [
    'with a hash that is not its own',
    { operationName: 'A', extensions: { persistedQuery: { version: 1, sha256Hash: '0' } } },
  ],
  ['and anything is taken', { operationName: 'A' }, { accept: '*/*' }],
  ['and JSON is taken', { operationName: 'A' }, { accept: 'application/json' }],
  [
    'and GraphQL is taken',
    { operationName: 'A' },
    { accept: 'application/graphql-response+json, application/json;q=0.9' },
  ],
  ['and nothing of it is taken', { operationName: 'A' }, { accept: 'text/html' }],
  ['without a token', { operationName: 'A' }, { authorization: '' }],
])('a document that was answered before is answered alike, %s', async (_how, more, headers = {}) => {
  const query =
    'query A { viewer { userId } } query B($first: Int) { transitions(first: $first) { nodes { kind recordedAt } } }';
  const { token } = clients[0]!;
  for (const operationName of ['A', 'B']) await expectAlike(clients[0]!, { query, operationName });
  const wholeAnswer = async (port: number) => {
    const answer = await rawRequest(port, {
      ...{ method: 'POST', path: '/graphql', body: JSON.stringify({ query, ...more }) },
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
    });
    return { ...answer, took: 0, headers: { ...answer.headers, date: '' } };
  };
  // Once to learn what is answered to such a header, once with that known.
  for (let n = 0; n < 2; n += 1) expect(await wholeAnswer(desk.server.port)).toEqual(await wholeAnswer(plain.port));
});

it.each(Object.keys(schema.getQueryType()!.getFields()))(
  '%s, asked at random, is answered alike',
  { timeout: 300_000 },
  async (name) => {
    await fc.assert(
      fc.asyncProperty(fc.gen(), fc.nat(), async (gen, who) => {
        const asked = operationOf(schema, 'query', name, pool, (from) => gen(() => from));
        // It is made when it is asked for, and says when.
        fc.pre(!asked.query.includes('evidence'));
        await expectAlike(clients[who % clients.length]!, asked);
      }),
      { numRuns: 30, endOnFailure: true },
    );
  },
);

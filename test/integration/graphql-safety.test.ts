/** What GraphQL bears: documents by their hash, requests that take too long or that nobody waits for, and hostile ones. */
import { getIntrospectionQuery } from 'graphql';
import { hash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.ts';
import { act, ask, makeRoom, openDesk, type Desk } from '../support/graphql.ts';
import { rawRequest, type RawAnswer } from '../support/raw.ts';

let desk: Desk;
let kim: Client;
let roomId: string;

const TIMEOUT_MS = 1_000;

beforeAll(async () => {
  desk = await openDesk(null, { GRAPHQL_TIMEOUT: `${TIMEOUT_MS}ms`, RATE_LIMITS: 'off' });
  kim = await desk.join('kim');
  roomId = await makeRoom(kim);
});

afterAll(() => desk.close());

function post(body: object, token: string | undefined = kim.token, port = desk.server.port): Promise<RawAnswer> {
  const headers = { 'content-type': 'application/json' };
  return rawRequest(port, {
    method: 'POST',
    path: '/graphql',
    token,
    headers,
    body: JSON.stringify(body),
    timeoutMs: 30_000,
  });
}

describe('what a request costs', () => {
  it('is told in the answer and in the refusal, beside what it may', async () => {
    const told = { maxCost: 20_000, maxDepth: 12, maxAliases: 100 };
    const { json } = await post({ query: '{ a: knocks(first: 10) { nodes { id } } }' });
    expect(json.extensions).toEqual({ cost: 21, depth: 3, aliases: 1, ...told });
    const pages = '{ rooms(first: 100) { nodes { members(first: 100) { nodes { id membership } } } } }';
    const refused = await post({ query: pages });
    expect(refused.status).toBe(400);
    expect(refused.json.errors[0].extensions).toEqual({
      code: 'M_TOO_LARGE',
      cost: 30_201,
      depth: 5,
      aliases: 0,
      ...told,
    });
    const failed = await post({ query: '{ knock(id: "x") { id } }' });
    expect(failed.json).toMatchObject({
      errors: [{ extensions: { code: 'M_INVALID_PARAM' } }],
      extensions: { cost: 2 },
    });
  });
});

describe('automatic persisted queries', () => {
  const query = 'query ($n: Int) { viewer { isAdmin } knocks(first: $n) { totalCount } }';
  const persistedQuery = { version: 1, sha256Hash: hash('sha256', query) };

  it('are sent once, and then by their hash, with all checks each time', async () => {
    const unknown = await post({ extensions: { persistedQuery } });
    expect(unknown.json.errors).toMatchObject([
      { message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } },
    ]);
    const data = { viewer: { isAdmin: false }, knocks: { totalCount: 0 } };
    expect((await post({ query, extensions: { persistedQuery } })).json.data).toEqual(data);
    expect((await post({ extensions: { persistedQuery }, variables: { n: 1 } })).json.data).toEqual(data);
    expect((await post({ extensions: { persistedQuery }, variables: { n: 101 } })).json.errors[0].extensions.code).toBe(
      'M_INVALID_PARAM',
    );
    const nobody = await post({ extensions: { persistedQuery } }, '');
    expect(nobody.status).toBe(401);
  });

  it('are not kept for those who may not ask them', async () => {
    const other = '{ viewer { isAdmin __typename } }';
    const its = { persistedQuery: { version: 1, sha256Hash: hash('sha256', other) } };
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ query: other, extensions: its });
    const refused = await rawRequest(desk.server.port, { method: 'POST', path: '/graphql', headers, body });
    expect(refused.status).toBe(401);
    expect((await post({ extensions: its })).json.errors[0].message).toBe('PersistedQueryNotFound');
  });

  it.each([
    ['a hash of something else', { version: 1, sha256Hash: 'a'.repeat(64) }],
    ['no hash', { version: 1 }],
    ['a hash that is none', { version: 1, sha256Hash: 'z' }],
    ['another version', { ...persistedQuery, version: 2 }],
    ['text', 'x'],
    ['nothing', null],
  ])('are refused with %s', async (_what, wrong) => {
    const { status, json } = await post({ query, extensions: { persistedQuery: wrong } });
    expect([status, json.errors[0].extensions.code]).toEqual([400, 'M_INVALID_PARAM']);
  });
});

describe('a request that takes too long', () => {
  const waiting = async (): Promise<number> => {
    const { rows } = await desk.test.owner.pool.query(
      `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
    );
    return rows[0].n;
  };

  /** While nobody can read the table. */
  async function locked<T>(table: string, run: (release: () => Promise<void>) => Promise<T>): Promise<T> {
    const client = await desk.test.owner.pool.connect();
    await client.query(`begin; lock table ${table} in access exclusive mode`);
    let isLocked = true;
    const release = async (): Promise<void> => {
      if (isLocked) await client.query('rollback');
      isLocked = false;
    };
    try {
      return await run(release);
    } finally {
      await release();
      client.release();
    }
  }

  it('is ended, and its statements with it', async () => {
    await locked('knocks', async () => {
      const { status, json } = await post({ query: '{ knocks { nodes { id } } a: knocks(first: 1) { totalCount } }' });
      expect([status, json.errors]).toEqual([
        503,
        [{ message: 'The request took longer than 1 s. Ask for less at once.', extensions: { code: 'M_UNKNOWN' } }],
      ]);
      await expect.poll(waiting).toBe(0);
    });
    expect((await post({ query: '{ knocks { totalCount } }' })).json.data).toEqual({ knocks: { totalCount: 0 } });
  });

  it('does not wait for its end when nobody waits for its answer', async () => {
    await locked('knocks', async () => {
      const left = new AbortController();
      const headers = { authorization: `Bearer ${kim.token}`, 'content-type': 'application/json' };
      const body = JSON.stringify({ query: '{ knocks { nodes { id } } }' });
      const asked = fetch(`${desk.server.url}/graphql`, { method: 'POST', headers, body, signal: left.signal });
      asked.catch(() => undefined);
      await expect.poll(waiting, { interval: 20 }).toBeGreaterThan(0);
      left.abort();
      await expect.poll(waiting, { interval: 20, timeout: TIMEOUT_MS - 300 }).toBe(0);
    });
  });

  it('is not ended amid an act, which takes the time it takes', async () => {
    const done = await locked('knocks', async (release) => {
      const knocker = await desk.join('lee');
      setTimeout(() => void release(), 2 * TIMEOUT_MS);
      return act(knocker, 'knock', { roomId, reason: 'patience' });
    });
    expect(done).toMatchObject({ knock: { status: 'PENDING' }, transition: { kind: 'KNOCK_REQUESTED' } });
  });
});

describe('the schema', () => {
  const withMode = async (mode: string, look: (other: Desk, user: Client) => Promise<void>): Promise<void> => {
    const other = await openDesk(null, { GRAPHQL_INTROSPECTION: mode });
    try {
      await look(other, await other.join('kim'));
    } finally {
      await other.close();
    }
  };
  const codeOf = ({ status, json }: RawAnswer) => [status, json.errors?.[0].extensions.code ?? 'told'];
  const whole = { query: getIntrospectionQuery() };

  it('is told to those who are signed in, where it is set so', async () => {
    await withMode('signed-in', async ({ server }, user) => {
      expect(codeOf(await post(whole, user.token, server.port))).toEqual([200, 'told']);
      expect(codeOf(await post(whole, 'made-up', server.port))).toEqual([401, 'M_UNKNOWN_TOKEN']);
      const headers = { 'content-type': 'application/json' };
      const asked = { method: 'POST', path: '/graphql', headers, body: JSON.stringify(whole) };
      expect(codeOf(await rawRequest(server.port, asked))).toEqual([401, 'M_MISSING_TOKEN']);
    });
  });

  it('is told to nobody, nor hinted at, where it is off', async () => {
    await withMode('off', async ({ server }, user) => {
      expect(codeOf(await post(whole, user.token, server.port))).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
      const { json } = await post({ query: '{ knokcs { totalCount } }' }, user.token, server.port);
      expect(JSON.stringify(json)).not.toContain('Did you mean');
      expect(await ask(user, '{ viewer { type: __typename } }')).toEqual({ viewer: { type: 'Viewer' } });
    });
  });
});

describe('hostile documents', () => {
  const times = (n: number, text: (i: number) => string): string =>
    Array.from({ length: n }, (_, i) => text(i)).join(' ');
  /** Each with a number in it, so that no two are the same. */
  const HOSTILE: Readonly<Record<string, (n: number) => object>> = {
    deep: (n) => ({
      query: `{ d${n}: viewer { user ${times(20, () => '{ knocks { nodes { user')} { id } ${times(20, () => '} } }')} } }`,
    }),
    wide: (n) => ({
      query: `{ w${n}: rooms(first: 100) { nodes { members(first: 100) { nodes { id membership displayName since } } } } }`,
    }),
    aliased: (n) => ({ query: `{ ${times(150, (i) => `a${n}x${i}: viewer { isAdmin }`)} }` }),
    'the same a thousand times': (n) => ({ query: `{ s${n}: __typename ${times(480, () => 'viewer { isAdmin }')} }` }),
    'fragments in a circle': (n) => ({
      query: `{ ...C0 } ${times(90, (i) => `fragment C${i} on Query { c${n}: __typename ...C${(i + 1) % 90} }`)}`,
    }),
    'fragments of fragments': (n) => ({
      query: `{ b${n}: __typename ...F0 } ${times(60, (i) => `fragment F${i} on Query { ...F${i + 1} ...F${i + 1} }`)} fragment F60 on Query { viewer { isAdmin } }`,
    }),
    'huge variables': (n) => ({
      query: 'query ($w: KnockFilter) { knocks(where: $w) { totalCount } }',
      variables: { w: { roomIds: Array.from({ length: 1_600 }, (_, i) => `!${n}x${i}:elsewhere.example`) } },
    }),
    'an introspection storm': (n) => ({
      query: `{ ${times(30, (i) => `i${n}x${i}: __schema { types { fields { args { type { name } } } } }`)} }`,
    }),
    'a thousand directives': (n) => ({ query: `{ t${n}: __typename ${times(600, () => '@include(if: true)')} }` }),
    'a batch': (n) =>
      times(50, () => `{ v${n}: viewer { isAdmin } }`)
        .split('} }')
        .map((query) => ({ query: `${query}} }` })),
    'acts without end': (n) => ({
      query: `mutation { ${times(60, (i) => `m${n}x${i}: leaveRoom(input: { roomId: "!a:b" }) { room { id } }`)} }`,
    }),
    'a hash for each': (n) => ({
      extensions: { persistedQuery: { version: 1, sha256Hash: hash('sha256', String(n)) } },
    }),
  };
  const CODES: Readonly<Record<string, readonly string[]>> = {
    ...{
      'a batch': ['M_BAD_JSON'],
      'huge variables': ['M_INVALID_PARAM'],
      'fragments in a circle': ['GRAPHQL_VALIDATION_FAILED'],
    },
    ...{ 'a hash for each': ['PERSISTED_QUERY_NOT_FOUND'], deep: ['M_TOO_LARGE'], wide: ['M_TOO_LARGE'] },
  };

  const memory = async (): Promise<number> => {
    const { text } = await rawRequest(desk.server.port, { method: 'GET', path: '/metrics' });
    return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)![1]) / 2 ** 20;
  };

  it.each(Object.keys(HOSTILE))('are refused before anything runs: %s', async (kind) => {
    const { status, json } = await post(HOSTILE[kind]!(0));
    expect([200, 400], JSON.stringify(json)).toContain(status);
    expect(json.data ?? null).toBeNull();
    const { code, cost, maxCost } = json.errors[0].extensions;
    expect(CODES[kind] ?? ['M_TOO_LARGE', 'GRAPHQL_PARSE_FAILED', 'GRAPHQL_VALIDATION_FAILED']).toContain(code);
    const isMeasured = code === 'M_TOO_LARGE' && !json.errors[0].message.startsWith('The document says');
    if (isMeasured) expect([cost, maxCost]).toEqual([expect.any(Number), 20_000]);
  });

  it('leave the server’s memory flat, however many come', { timeout: 300_000 }, async () => {
    let n = 0;
    const storm = async (rounds: number): Promise<void> => {
      for (let round = 0; round < rounds; round += 1) {
        n += 1;
        await Promise.all(Object.values(HOSTILE).map((make) => post(make(n))));
      }
    };
    // Until what is remembered of documents is full, and the heap has come to its size.
    await storm(160);
    const before = await memory();
    await storm(80);
    expect((await memory()) - before).toBeLessThan(64);
    expect(await ask(kim, '{ viewer { isAdmin } }')).toEqual({ viewer: { isAdmin: false } });
    expect(desk.server.output().log).not.toMatch(/a GraphQL field failed|request failed/);
  });
});

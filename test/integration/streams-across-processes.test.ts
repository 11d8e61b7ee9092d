/** Two server processes on one log, one that writes and one that reads: whoever follows it misses nothing and sees nothing twice, whatever is killed. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientWith, knockRoom, register, request, type Client } from '../support/client.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { ask, refusal } from '../support/graphql.ts';
import { overEvents, overSocket, unread, type Stream } from '../support/streams.ts';
import { startServer, temporaryFolder, type TestServer } from '../support/server.ts';

const TRANSITIONS = 10_000;
const KILLS = 50;
const QUERY = `subscription ($where: TransitionFilter, $after: String) {
  transitions(where: $where, after: $after) { position kind }
}`;

let test: TestDatabase;
let dataDir: string;
let writer: TestServer;
let reader: TestServer;
let owner: Client;
let knockers: readonly Client[];
let roomId: string;

const startReader = (port?: number) =>
  startServer({ databaseUrl: test.url, dataDir, args: ['--read'], ...(port !== undefined && { port }) });
const startWriter = (port?: number) =>
  startServer({ databaseUrl: test.url, dataDir, ...(port !== undefined && { port }) });

beforeAll(async () => {
  test = await openTestDatabase();
  dataDir = await temporaryFolder();
  writer = await startWriter();
  reader = await startReader();
  owner = await register(writer.url, 'owner');
  knockers = await Promise.all(Array.from({ length: 16 }, (_, n) => register(writer.url, `knocker${n}`)));
  roomId = await knockRoom(owner);
});

afterAll(async () => {
  await Promise.all([writer.stop(), reader.stop()]);
  await test.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function positions(after = 0): Promise<readonly string[]> {
  const { rows } = await test.database.pool.query<{ position: number }>(
    'select position from transitions where room_id = $1 and position > $2 order by position',
    [roomId, after],
  );
  return rows.map(({ position }) => String(position));
}

it('a process that reads answers queries and syncs, and is told of commits while they wait', async () => {
  const there = clientWith(reader.url, owner.token, owner.userId);
  const { next_batch } = await there.ok('GET', '/sync');
  const waiting = there.ok('GET', `/sync?since=${next_batch}&timeout=30000`);
  await sleep(200);
  await knockers[0]!.ok('POST', `/knock/${roomId}`, { reason: 'heard over there' });
  const news = await waiting;
  const events: { state_key?: string }[] = news.rooms.join[roomId].timeline.events;
  expect(events.map(({ state_key }) => state_key)).toContain(knockers[0]!.userId);
  const { knocks } = await ask(there, '{ knocks { nodes { status user { userId } } } }');
  expect(knocks.nodes).toEqual([{ status: 'PENDING', user: { userId: knockers[0]!.userId } }]);
  // What users keep outside of the log is told as well.
  const again = there.ok('GET', `/sync?since=${news.next_batch}&timeout=30000`);
  await sleep(200);
  await owner.ok('PUT', `/user/${owner.userId}/account_data/org.example.note`, { said: 'over there' });
  const { account_data } = await again;
  expect(account_data.events).toEqual([{ type: 'org.example.note', content: { said: 'over there' } }]);
});

it('a process that reads refuses acts, and leaves no trace of them', async () => {
  const before = await test.database.pool.query('select position from log_head');
  const there = clientWith(reader.url, owner.token, owner.userId);
  const knock = await request(reader.url, 'POST', `/knock/${roomId}`, { token: owner.token, body: {} });
  expect(knock).toMatchObject({ status: 503, body: { errcode: 'M_UNKNOWN' } });
  const login = { type: 'm.login.password', identifier: { type: 'm.id.user', user: 'owner' }, password: 'any' };
  expect(await request(reader.url, 'POST', '/login', { body: login })).toMatchObject({ status: 503 });
  const { message } = await refusal(there, `mutation { leaveRoom(input: {roomId: "${roomId}"}) { room { id } } }`);
  expect(message).toContain('only reads');
  expect(await test.database.pool.query('select position from log_head')).toMatchObject({ rows: before.rows });
});

/** Knocks and takes it back, again and again; what is refused or lost because the server is killed, is tried again. */
async function keepKnocking(until: () => boolean): Promise<void> {
  await Promise.all(
    knockers.map(async (knocker) => {
      for (let n = 0; !until(); n += 1) {
        const path = n % 2 === 0 ? `/knock/${roomId}` : `/rooms/${roomId}/leave`;
        await fetch(`${writer.url}/_matrix/client/v3${path}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${knocker.token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ reason: `round ${n}` }),
        }).then(
          (answer) => answer.arrayBuffer(),
          () => sleep(50),
        );
      }
    }),
  );
}

it('a subscriber who is killed 50 times and comes again on the other process has seen each of 10,000 transitions once, in order', async () => {
  const start = Number((await positions()).at(-1));
  const seen: string[] = [];
  let enough = false;
  const load = keepKnocking(() => enough);
  const bounds = Array.from({ length: KILLS }, (_, n) => Math.floor((TRANSITIONS * (n + 1)) / (KILLS + 1)));
  const follow = async (n: number, until: number): Promise<Stream> => {
    const url = [reader, writer][n % 2]!.url;
    const after = seen.at(-1) ?? String(start);
    const stream = (n % 4 < 2 ? overSocket : overEvents)(url, owner.token, {
      query: QUERY,
      variables: { where: { roomId }, after },
    });
    await stream.reach(until - seen.length);
    return stream;
  };
  for (const [n, until] of bounds.entries()) {
    const stream = await follow(n, until);
    // Of the two processes each is killed while it sends; the other one goes on.
    if (n === 16) await reader.kill();
    if (n === 33) await writer.kill();
    stream.kill();
    seen.push(...stream.results.map(({ data }) => data.transitions.position));
    if (n === 16) reader = await startReader(reader.port);
    if (n === 33) writer = await startWriter(writer.port);
  }
  const last = await follow(KILLS, TRANSITIONS);
  enough = true;
  await load;
  const all = await positions(start);
  await last.reach(all.length - seen.length);
  last.kill();
  seen.push(...last.results.map(({ data }) => data.transitions.position));
  expect(all.length).toBeGreaterThanOrEqual(TRANSITIONS);
  expect(seen.length).toBe(all.length);
  expect(seen).toEqual(all);
}, 400_000);

it('a subscriber who does not read is closed with a code, costs no memory, and loses nothing when it comes again', async () => {
  const query = `subscription ($after: String) { transitions(after: $after) {
    position kind reason event { pdu content } trigger { pdu } previous { pdu } room { roomId name } } }`;
  const before = await metric('process_resident_memory_bytes');
  const closed = async (): Promise<void> => {
    while ((await metric('vestibule_subscribers_too_slow_total')) === 0) await sleep(100);
  };
  const { code, results } = await unread(reader.url, owner.token, { query, variables: { after: '0' } }, closed);
  expect(code).toBe(4508);
  const all = await positions();
  expect(results.length).toBeGreaterThan(0);
  expect(results.length).toBeLessThan(all.length);
  expect((await metric('process_resident_memory_bytes')) - before).toBeLessThan(100e6);
  const after = results.at(-1)!.data.transitions.position;
  const rest = overSocket(reader.url, owner.token, { query: QUERY, variables: { after } });
  await rest.reach(all.length - results.length);
  rest.kill();
  const seen = [...results, ...rest.results].map(({ data }) => data.transitions.position);
  expect(seen).toEqual(all);
}, 120_000);

/** Of the process that reads. */
async function metric(name: string): Promise<number> {
  const text = await (await fetch(`${reader.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)`, 'm').exec(text)?.[1]);
}

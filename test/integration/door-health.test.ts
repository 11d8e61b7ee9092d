/** How doors are kept: the figures of a room are those of its knocks, and the server tells its admins how it stands. */
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importRoom } from '../../src/commands/elsewhere/import-room.ts';
import { judgeReceived } from '../../src/commands/judge/judge-received.ts';
import { createReceiver } from '../../src/commands/receive/receive-pdu.ts';
import { sealLog } from '../../src/log/seals.ts';
import { serverOf } from '../../src/matrix/identifiers.ts';
import type { Client } from '../support/client.ts';
import { checkSignatures, foreignRoom, HOST, remotesOf, toldRoom } from '../support/foreign-room.ts';
import { act, ask, makeRoom, openDesk, refusal, type Data, type Desk } from '../support/graphql.ts';
import { SERVER_NAME, testIdentity, userId, type TestLog } from '../support/history.ts';
import { identityOf, user } from '../support/rooms.ts';
import { runRole } from '../support/server.ts';
import { knowKeys } from '../support/world-log.ts';

let desk: Desk;
let [owner, root, ...people] = [] as unknown as Client[];
let roomId: string;
let farRoom: string;

/** A room that came with a knock, which was decided after this server joined it. */
async function takeFarRoom({ deps }: TestLog): Promise<void> {
  const importing = { db: deps.db, lanes: deps.lanes, serverName: SERVER_NAME, checkSignatures };
  await knowKeys(
    deps.db,
    ['there', 'elsewhere'].map((name) => identityOf(name)),
  );
  const room = foreignRoom('11', 'knock');
  const [ned, visitor] = [user('ned', 'elsewhere'), userId('visitor')];
  room.member(ned, ned, 'knock');
  room.member(HOST, visitor, 'invite');
  await importRoom(importing, toldRoom(room, room.member(visitor, visitor, 'join'), serverOf(HOST)));
  const receiver = createReceiver({ ...importing, judge: judgeReceived, now: Date.now, remotes: remotesOf(room) });
  const { pdu } = room.member(HOST, ned, 'invite');
  await receiver.receive({ origin: serverOf(HOST), value: pdu, relay: false });
  farRoom = room.roomId;
}

beforeAll(async () => {
  desk = await openDesk(takeFarRoom);
  owner = await desk.join('owner');
  root = await desk.admin('root');
  people = await Promise.all(Array.from({ length: 7 }, (_, n) => desk.join(`person${n}`)));
  roomId = await makeRoom(owner);
  for (const person of people) await act(person, 'knock', { roomId });
  const target = (n: number) => ({ roomId, userId: people[n]!.userId });
  await act(owner, 'acceptKnock', target(2));
  await act(owner, 'acceptKnock', target(0));
  await act(owner, 'rejectKnock', target(1));
  await act(owner, 'banUser', target(4));
  await act(people[5]!, 'retractKnock', { roomId });
});

afterAll(() => desk.close());

const OUTCOMES = 'day server accepted rejected banned retracted superseded voided lapsed';
const STATS = `stats { acceptedKnocks timeToDecision(since: $since) { decided medianSeconds p90Seconds } oldestPendingKnock { user { userId } }
  outcomesByDay(since: $since) { ${OUTCOMES} } outcomesByServer(since: $since, first: 5) { ${OUTCOMES} } }`;

async function stats(client: Client, id = roomId, since: string | null = null): Promise<Data> {
  const query = `query ($id: String, $since: DateTime) { room(roomId: $id) { ${STATS} } }`;
  return (await ask(client, query, { id, since })).room.stats;
}

/** Between the two nearest, as far as it lies between them. */
function percentile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!];
  return low + (high - low) * (place - Math.floor(place));
}

describe('the figures of a room', () => {
  it('are those of its knocks', async () => {
    const query = `query ($id: String!) { knocks(where: { roomId: $id, status: [ACCEPTED, REJECTED, BANNED] }) { nodes { secondsToDecision } } }`;
    const { nodes } = (await ask(owner!, query, { id: roomId })).knocks;
    const seconds = nodes.map((node: Data) => node.secondsToDecision).sort((a: number, b: number) => a - b);
    const told = await stats(owner!);
    expect(told.timeToDecision.decided).toBe(4);
    expect(told.timeToDecision.medianSeconds).toBeCloseTo(percentile(seconds, 0.5), 6);
    expect(told.timeToDecision.p90Seconds).toBeCloseTo(percentile(seconds, 0.9), 6);
    expect(told.oldestPendingKnock.user.userId).toBe(people[3]!.userId);
    const counts = { accepted: 2, rejected: 1, banned: 1, retracted: 1, superseded: 0, voided: 0, lapsed: 0 };
    const today = `${new Date().toISOString().slice(0, 10)}T00:00:00.000Z`;
    expect(told.outcomesByDay).toEqual([{ day: today, server: null, ...counts }]);
    expect(told.outcomesByServer).toEqual([{ day: null, server: SERVER_NAME, ...counts }]);
    expect(await stats(root!)).toEqual(told);
  });

  it('count since a time, and none before there was one', async () => {
    const told = await stats(owner!, roomId, new Date().toISOString());
    expect(told).toMatchObject({
      timeToDecision: { decided: 0, medianSeconds: null, p90Seconds: null },
      ...{ outcomesByDay: [], outcomesByServer: [], acceptedKnocks: 2 },
    });
    const query = `query ($id: String, $since: DateTime) { room(roomId: $id) { ${STATS} } }`;
    const { errors } = await owner!.graphql(query, { id: roomId, since: '2020-01-01T00:00:00Z' });
    expect(errors.map(({ extensions }: Data) => extensions.code)).toContain('M_INVALID_PARAM');
  });

  it('leave out knocks that came with a room, whose times nobody here knows', async () => {
    const told = await stats(root!, farRoom);
    expect(told).toMatchObject({ acceptedKnocks: 1, timeToDecision: { decided: 0 }, outcomesByDay: [] });
  });

  it('are not told to others than those who keep the door', async () => {
    await act(people[0]!, 'joinRoom', { roomId });
    expect(await stats(people[0]!)).toBeNull();
  });
});

describe('the server', () => {
  const SERVER = `{ server { name position unreachable { totalCount nodes { server } } readers { name position behind }
    lastSeal { position at behind } lastVerify { finishedAt position isClean findings isDeep } } }`;

  it('tells admins how far readers, seals and checks are, and which servers cannot be reached', async () => {
    const before = (await ask(root!, SERVER)).server;
    expect(before).toMatchObject({ name: SERVER_NAME, lastVerify: null, unreachable: { totalCount: 0 } });
    const { pool } = desk.test.owner;
    const failing = `insert into destinations (destination, owed, failures, retry_at, failed_at, failure, txn_limit)
      values ('away.test', false, 3, now() + interval '1 hour', now(), 'unreachable', 50)`;
    await pool.query(failing);
    await sealLog({
      pool: desk.test.database.pool,
      identity: testIdentity(),
      now: Date.now,
      logger: pino({ level: 'silent' }),
    });
    const env = { DATABASE_URL: desk.test.url, DATA_DIR: desk.server.dataDir };
    expect(await runRole(['verify', '--deep'], env)).toMatchObject({ code: 0 });
    const { server } = await ask(root!, SERVER);
    expect(server.unreachable).toEqual({ totalCount: 1, nodes: [{ server: 'away.test' }] });
    expect(server.lastVerify).toMatchObject({ isClean: true, findings: 0, isDeep: true });
    expect(Number(server.lastVerify.position)).toBeGreaterThan(0);
    const { position, behind } = server.lastSeal;
    expect(Number(position) + behind).toBe(Number(server.position));
    for (const reader of server.readers) {
      expect(Number(reader.position) + reader.behind).toBe(Number(server.position));
    }
  });

  it('tells nobody else', async () => {
    expect((await refusal(owner!, SERVER)).extensions.code).toBe('M_FORBIDDEN');
  });
});

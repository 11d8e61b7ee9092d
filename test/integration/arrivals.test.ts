/** What the log says of events that come: read by keys, however much the room holds, and remembered as far as it never changes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { knock } from '../../src/commands/knock.ts';
import { arrivalFacts } from '../../src/log/arrivals.ts';
import { logHead } from '../../src/log/read.ts';
import type { EventId, RoomId } from '../../src/matrix/identifiers.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, type TestLog } from '../support/history.ts';

const KNOCKS = 200;

let test: TestDatabase;
let log: TestLog;
let roomId: RoomId;
let knocks: readonly EventId[];

beforeAll(async () => {
  test = await openTestDatabase();
  // As it is in the first minute of a server: as far as the planner knows, nothing is stored.
  for (const table of ['events', 'verdicts', 'room_state'])
    await test.owner.pool.query(`alter table ${table} set (autovacuum_enabled = off)`);
  log = await openTestLog(test.database);
  roomId = await makeKnockRoom(log.deps, 'boss');
  const people = Array.from({ length: KNOCKS }, (_, n) => actor(`guest${n}`));
  const made = await Promise.all(people.map((who) => knock(log.deps, who, { roomId })));
  knocks = made.map(({ eventId }) => eventId as EventId);
});

afterAll(async () => {
  await log.close();
  await test.close();
});

async function rowsRead(): Promise<number> {
  // What sessions count is told by them a second later at the latest.
  await sleep(1_500);
  const { rows } = await test.owner.pool.query<{ read: number }>(
    "select sum(coalesce(idx_tup_fetch, 0) + seq_tup_read)::int8 as read from pg_stat_user_tables where relname in ('events', 'verdicts')",
  );
  return rows[0]!.read;
}

async function storedOf(eventId: EventId, rests: readonly EventId[] = []): Promise<readonly (string | null)[]> {
  const facts = await arrivalFacts(test.database.db, { roomId, eventId, rests });
  return [...(facts?.stored ?? [])].map(([id, { verdict }]) => `${id} ${verdict}`);
}

it('an event is looked up without reading what else its room holds', async () => {
  const before = await rowsRead();
  for (const [n, eventId] of knocks.entries()) {
    const rest = knocks[(n + 1) % KNOCKS]!;
    expect(await storedOf(eventId, [rest])).toEqual([`${eventId} accepted`, `${rest} accepted`]);
  }
  // Each event and its verdict, once as what comes and once as what something rests on.
  expect((await rowsRead()) - before).toBeLessThanOrEqual(5 * KNOCKS);
});

it('what an event rests on is read once', async () => {
  const [rest] = knocks;
  await storedOf(knocks[1]!, [rest!]);
  const before = await rowsRead();
  for (let n = 0; n < KNOCKS; n += 1)
    expect(await storedOf('$unknown' as EventId, [rest!])).toEqual([`${rest} accepted`]);
  expect((await rowsRead()) - before).toBeLessThan(KNOCKS / 2);
});

it('what an event rests on is read again until it is accepted', async () => {
  const [late, position] = ['$late' as EventId, (await logHead(test.database.db)) + 1_000];
  expect(await storedOf('$unknown' as EventId, [late])).toEqual([]);
  await test.owner.pool.query(
    `insert into events (room_id, position, event_id, type, sender, depth, origin_server_ts, origin, received_at, auth, words, out_of_band, proof)
     values ($1, $2, $3, 'm.room.message', '@kim:there.test', 1, 1, 'there.test', now(), '{}', false, false, '{"content":{}}')`,
    [roomId, position, late],
  );
  expect(await storedOf('$unknown' as EventId, [late])).toEqual(['$late null']);
  for (const [n, verdict] of ['soft_failed', 'accepted'].entries()) {
    await test.owner.pool.query(
      `insert into verdicts (room_id, room_position, position, event, verdict, prev, anchor, decided_at, relay)
       values ($1, 1000 + $2::int8, $3::int8 + 1 + $2, $3, $4, '{}', 1, now(), false)`,
      [roomId, n, position, verdict],
    );
    expect(await storedOf('$unknown' as EventId, [late])).toEqual([`$late ${verdict}`]);
  }
});

it('nothing is known of a room that is not there', async () => {
  const nowhere = '!nowhere:vestibule.test' as RoomId;
  expect(await arrivalFacts(test.database.db, { roomId: nowhere, eventId: knocks[0]!, rests: [] })).toBeNull();
});

it('a redaction that names an event which has not come is found', async () => {
  const eventId = '$awaited' as EventId;
  const asked = { roomId, eventId, rests: [] };
  expect(await arrivalFacts(test.database.db, asked)).toMatchObject({ resident: true, acl: null, redacted: false });
  const position = (await logHead(test.database.db)) + 2_000;
  await test.owner.pool.query(
    `insert into events (room_id, position, event_id, type, sender, depth, origin_server_ts, origin, received_at, auth, redacts, words, out_of_band, proof)
     values ($1, $2, '$redaction', 'm.room.redaction', '@kim:there.test', 1, 1, 'there.test', now(), '{}', $3, false, false, '{"content":{}}')`,
    [roomId, position, eventId],
  );
  expect(await arrivalFacts(test.database.db, asked)).toMatchObject({ redacted: true, stored: new Map() });
});

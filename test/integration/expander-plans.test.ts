/** How much of a busy room the expander reads for each of its events, when the planner knows of no such room. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { knock } from '../../src/commands/knock.ts';
import { logHead } from '../../src/log/read.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { owedEvents } from '../../src/outbox/owed-events.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, type TestLog } from '../support/history.ts';

const ROOMS = 20;
const KNOCKS = 300;

let test: TestDatabase;
let log: TestLog;
let rooms: readonly RoomId[];

beforeAll(async () => {
  test = await openTestDatabase();
  await test.owner.pool.query('alter table transitions set (autovacuum_enabled = off)');
  log = await openTestLog(test.database);
  rooms = await Promise.all(Array.from({ length: ROOMS }, () => makeKnockRoom(log.deps, 'boss')));
  // As far as the planner knows, each room has one.
  await test.owner.pool.query('analyze');
});

afterAll(async () => {
  await log.close();
  await test.close();
});

it('the expander reads a few transitions for each event, however many its room has got since the tables were analysed', async () => {
  const roomId = rooms[0]!;
  const before = await logHead(test.database.db);
  const people = Array.from({ length: KNOCKS }, (_, n) => actor(`guest${n}`));
  await Promise.all(people.map((who) => knock(log.deps, who, { roomId })));
  const { events, read } = await test.database.db.transaction().execute(async (tx) => {
    const owed = await owedEvents(tx, before, await logHead(tx));
    const { rows } = await sql<{ read: number }>`
      select idx_tup_fetch + seq_tup_read as read from pg_stat_xact_user_tables where relname = 'transitions'`.execute(
      tx,
    );
    return { events: owed.length, read: rows[0]!.read };
  });
  expect(events).toBe(KNOCKS);
  expect(read).toBeLessThan(4 * KNOCKS);
});

/** Pages of history are planned once for each connection, whatever their size and place. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/database/database.ts';
import { arm } from '../../src/log/arms.ts';
import { ANY_TRANSITION, pageTransitions } from '../../src/log/transition-queries.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { makeKnockRoom, openTestLog } from '../support/history.ts';

const ROWS = 20_000;

let test: TestDatabase;
let one: Database;
let roomId: string;

beforeAll(async () => {
  test = await openTestDatabase();
  const log = await openTestLog(test.database);
  roomId = await makeKnockRoom(log.deps, 'boss');
  await log.close();
  await test.owner.pool.query(
    `insert into transitions (position, room_id, at, user_id, "from", "to", kind, cause, actor, recorded_at, in_room)
     select 1000 + n, $1, 1000 + n, '@guest' || n || ':elsewhere.example', 'none', 'knock', 'KNOCK_REQUESTED', 'federation', null, now(), true
       from generate_series(1, $2::int8) n`,
    [roomId, ROWS],
  );
  await test.owner.pool.query('analyze transitions');
  one = openDatabase({ url: test.url, max: 1 });
});

afterAll(async () => {
  await one.close();
  await test.close();
});

it.each([
  ['of all rooms', () => null],
  ['of one room', () => roomId],
])('%s', async (_which, room) => {
  for (let n = 1; n <= 40; n += 1) {
    const page = { limit: n, after: 1000 + n * 400, before: null, fromEnd: false, descending: false };
    const [read] = await pageTransitions(one.db, [[arm({ roomId: room() })]], ANY_TRANSITION, page);
    expect(read!.rows.map(({ position }) => position)).toEqual(Array.from({ length: n }, (_, i) => 1001 + n * 400 + i));
    expect(read!.hasNextPage).toBe(true);
  }
  const { rows } = await one.pool.query<{ made: number; kept: number }>(
    `select custom_plans::int4 as made, generic_plans::int4 as kept from pg_prepared_statements
      where statement like '%"room_id" = %' = $1 and statement like '%transitions%'`,
    [room() !== null],
  );
  expect(rows).toEqual([{ made: 5, kept: 35 }]);
});

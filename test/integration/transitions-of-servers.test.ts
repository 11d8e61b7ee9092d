/** Transitions by the server of their users are found among very many others without reading those. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase, type Database } from '../../src/database/database.ts';
import { arm } from '../../src/log/arms.ts';
import { countTransitions, pageTransitions, type TransitionCondition } from '../../src/log/transition-queries.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

const MANY = 100_000;
const ROOM = '!huge:here';

let test: TestDatabase;
/** With one connection: what it read is known by the next statement. */
let database: Database;

beforeAll(async () => {
  test = await openTestDatabase();
  database = openDatabase({ url: test.url, max: 1 });
  await test.owner.pool.query(
    `insert into transitions (position, room_id, at, user_id, "from", "to", kind, cause, event, actor, recorded_at, in_room)
     select n, case when n % 2 = 0 then $2 else '!other:here' end, n,
            '@user' || n || ':' || case when n between 100 and 119 then 'rare.example' else 'server' || n % 9 || '.example' end,
            'none', 'knock', 'KNOCK_REQUESTED', 'request', n, '@user' || n, now(), true
       from generate_series(1, $1::int8) n`,
    [MANY, ROOM],
  );
  await test.owner.pool.query('analyze transitions');
}, 120_000);

afterAll(async () => {
  await database.close();
  await test.close();
});

async function rowsRead(): Promise<number> {
  await database.pool.query('select pg_stat_force_next_flush()');
  const { rows } = await database.pool.query<{ read: number }>(
    `select (select sum(idx_tup_read) from pg_stat_user_indexes where relname = 'transitions')::int4
          + (select seq_tup_read from pg_stat_user_tables where relname = 'transitions')::int4 as read`,
  );
  return rows[0]!.read;
}

const condition = (server: string): TransitionCondition => ({
  ...{ kinds: null, causes: null, actor: null, event: null, words: null },
  server,
});

it.each([
  ['of a room, oldest first', ROOM, false, 10],
  ['of a room, newest first', ROOM, true, 10],
  ['of all rooms, newest first', null, true, 20],
] as const)('%s', async (_what, roomId, descending, found) => {
  const arms = [arm({ roomId })];
  const page = { limit: 50, after: null, before: null, fromEnd: false, descending };
  const before = await rowsRead();
  const [rare] = await pageTransitions(database.db, [arms], condition('rare.example'), page);
  const [none] = await pageTransitions(database.db, [arms], condition('nobody.example'), page);
  const [count] = await countTransitions(database.db, [arms], condition('rare.example'));
  expect(await rowsRead()).toBeLessThan(before + 200);
  expect(rare!.rows.map(({ userId }) => userId.split(':')[1])).toEqual(
    Array.from({ length: found }, () => 'rare.example'),
  );
  const positions = rare!.rows.map(({ position }) => position);
  expect(positions).toEqual(positions.toSorted((a, b) => (descending ? b - a : a - b)));
  expect(none!.rows).toEqual([]);
  expect(count).toEqual({ rows: found, isEstimate: false });
});

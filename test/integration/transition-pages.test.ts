/** Pages of one list of transitions, whose statements are spelled once, are the pages that several lists give together. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { KeysetPage } from '../../src/database/keyset.ts';
import { arm, type Arm } from '../../src/log/arms.ts';
import { ANY_TRANSITION, pageTransitions } from '../../src/log/transition-queries.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { everyKind, makeKnockRoom, openTestLog, userId, type TestLog } from '../support/history.ts';

let test: TestDatabase;
let log: TestLog;
let roomIds: readonly string[];
let positions: readonly number[];

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  const made = [await makeKnockRoom(log.deps, 'keeper'), await makeKnockRoom(log.deps, 'keeper')];
  for (const [n, roomId] of made.entries()) await everyKind(log.deps, roomId, 'keeper', `guest${n}`);
  roomIds = made;
  const { rows } = await test.owner.pool.query('select position from transitions order by position');
  positions = rows.map((row) => Number(row.position));
});

afterAll(async () => {
  await log.close();
  await test.close();
});

async function expectSame(only: Arm, page: KeysetPage): Promise<number> {
  const [alone] = await pageTransitions(test.database.db, [[only]], ANY_TRANSITION, page);
  const [together] = await pageTransitions(test.database.db, [[only], []], ANY_TRANSITION, page);
  // The statement of several lists tells beside each row which it belongs to, and where.
  const rows = together!.rows.map((row) => ({ ...row, n: undefined, r: undefined }));
  expect(alone, JSON.stringify([only, page])).toEqual({ ...together, rows });
  return rows.length;
}

it('from either end, behind and before any place, of everything, a room, a user or a stretch', async () => {
  expect(positions.length).toBeGreaterThan(20);
  const [early, late] = [positions[3]!, positions.at(-4)!];
  const user = userId('keeper');
  let found = 0;
  for (const given of [
    {},
    { roomId: true },
    { userId: user },
    { roomId: true, userId: user },
    { from: early },
    { to: late },
  ]) {
    for (const roomId of roomIds) {
      const only = arm({ ...given, roomId: 'roomId' in given ? roomId : null });
      for (const limit of [0, 1, 7, 100, 200]) {
        for (const [after, before] of [
          [null, null],
          [early, null],
          [null, late],
          [early, late],
          [late, early],
        ] as const) {
          for (const fromEnd of [false, true]) {
            for (const descending of [false, true]) {
              const [first, second] = descending ? [before, after] : [after, before];
              found += await expectSame(only, { limit, after: first, before: second, fromEnd, descending });
            }
          }
        }
      }
    }
  }
  expect(found).toBeGreaterThan(1_000);
});

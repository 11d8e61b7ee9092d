/** How many rows lists of arms have: counted as far as that is cheap, and estimated beyond. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { COUNTED, countOfArms, rowsOfArms, type Arm, type ArmTable } from './arms.ts';

export interface RowCount {
  readonly rows: number;
  /** There are more than are counted, and the database's own statistics tell about how many. */
  readonly isEstimate: boolean;
}

// What the planner needs grows with the arms; beyond these it is told of so many of them.
const PLANNED_ARMS = 100;

/** How many rows each list has. */
export async function countRows(
  db: Db,
  of: ArmTable,
  lists: readonly (readonly Arm[])[],
): Promise<readonly RowCount[]> {
  if (lists.every((arms) => arms.length === 0)) return lists.map(() => ({ rows: 0, isEstimate: false }));
  const found = await sql<{ n: number; count: number }>`${countOfArms(of, lists)}`.execute(db);
  const counted = new Map(found.rows.map(({ n, count }) => [n, count]));
  return Promise.all(
    lists.map(async (arms, n) => {
      const rows = counted.get(n) ?? 0;
      return rows <= COUNTED ? { rows, isEstimate: false } : { rows: await estimate(db, of, arms), isEstimate: true };
    }),
  );
}

async function estimate(db: Db, of: ArmTable, arms: readonly Arm[]): Promise<number> {
  const planned = arms.slice(0, PLANNED_ARMS);
  const { rows } = await sql<{ 'QUERY PLAN': readonly [{ Plan: { 'Plan Rows': number } }] }>`
    explain (format json) ${rowsOfArms(of, planned)}`.execute(db);
  const expected = rows[0]!['QUERY PLAN'][0].Plan['Plan Rows'] * (arms.length / planned.length);
  return Math.max(COUNTED + 1, Math.round(expected));
}

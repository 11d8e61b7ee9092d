/** Statements that look up a few rows by their keys, asked with every request: each connection plans them once, by indexes alone. */
import type { Pool, QueryResultRow } from 'pg';

/** One text has one name. */
export interface LookUp {
  readonly name: string;
  readonly text: string;
}

/** For a handful of sessions that keep their plans: those who ask at the same time share a query. */
export const LOOK_UP_CONNECTIONS = 4;

/**
 * Settings of their sessions. A plan that is kept must not rest on how small a table was when it was made, and a look-up by key is
 * never better off with more than the indexes.
 */
export const LOOK_UP_SETTINGS =
  '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c jit=off';

const pools = new WeakMap<object, Pool>();

/** Has the look-ups that are asked of `db` go to a pool of sessions of their own. */
export function provideLookUps(db: object, pool: Pool): void {
  pools.set(db, pool);
}

/** The rows that it finds. `db`: one that `openDatabase` made, and no transaction. */
export async function lookUp<R extends QueryResultRow>(
  db: object,
  statement: LookUp,
  values: readonly unknown[],
): Promise<readonly R[]> {
  const pool = pools.get(db);
  if (pool === undefined) throw new Error('there are no sessions for look-ups');
  const { rows } = await pool.query<R>({ ...statement, values: [...values] });
  return rows;
}

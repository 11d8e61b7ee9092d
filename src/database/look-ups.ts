/** Statements that look up a few rows by their keys, asked with every request: each connection plans them once, by indexes alone. */
import type { Pool, PoolClient, QueryResultRow } from 'pg';

/** One text has one name. */
export interface LookUp {
  readonly name: string;
  readonly text: string;
}

/** A handful of sessions that keep their plans: those who ask at the same time share a query. */
export const LOOK_UP_CONNECTIONS = 4;

const SETTINGS = `set plan_cache_mode = force_generic_plan; set jit = off;
  set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off`;

/**
 * Has a connection keep to indexes. A plan that is kept must not rest on how small a table was when it was made, and a look-up by
 * key is never better off with more than the indexes.
 */
export function planForLookUps(client: PoolClient): void {
  client.query(SETTINGS).catch(() => undefined);
}

interface Sessions {
  /** For single statements, on which acts wait. */
  readonly pool: Pool;
  /** Others of their like, for transactions of readers. */
  readonly db: object;
}

const sessionsOf = new WeakMap<object, Sessions>();

/** Has the look-ups that are asked of `db` go to sessions of their own. */
export function provideLookUps(db: object, sessions: Sessions): void {
  sessionsOf.set(db, sessions);
}

/**
 * The same database by sessions for look-ups, for what is asked by keys again and again in the same few words: every statement with
 * values is prepared there. Lists of values are arrays in it, or each length would be a statement. Itself where it has none.
 */
export function throughLookUps<D extends object>(db: D): D {
  return (sessionsOf.get(db)?.db ?? db) as D;
}

function sessions(db: object): Sessions {
  const found = sessionsOf.get(db);
  if (found === undefined) throw new Error('there are no sessions for look-ups');
  return found;
}

/** The rows that it finds. `db`: one that `openDatabase` made, and no transaction. */
export async function lookUp<R extends QueryResultRow>(
  db: object,
  statement: LookUp,
  values: readonly unknown[],
): Promise<readonly R[]> {
  const { rows } = await sessions(db).pool.query<R>({ ...statement, values: [...values] });
  return rows;
}

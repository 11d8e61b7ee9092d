/** From times to positions: the log's stamps never go back, so where a time begins in it is found without an index on times. */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';

/** Tables that are ordered by position and stamped by this server's clock. */
export type StampedTable = 'transitions' | 'verdicts' | 'events' | 'actions';

const STAMPS: Readonly<Record<StampedTable, RawBuilder<unknown>>> = {
  transitions: sql.ref('recorded_at'),
  verdicts: sql.ref('decided_at'),
  events: sql.ref('received_at'),
  actions: sql.ref('at'),
};

export interface Moment {
  readonly table: StampedTable;
  /** Milliseconds since 1970. */
  readonly time: number;
}

/**
 * For each moment the smallest position from which on all rows of the table are as late or later, in the order asked: behind
 * the head when none is.
 *
 *   lo and hi close in on it: at each step the first row in the middle or behind it tells on which side it lies.
 */
export async function positionsAt(db: Db, moments: readonly Moment[]): Promise<readonly number[]> {
  const byTable = [...Map.groupBy(moments.keys(), (n) => moments[n]!.table)];
  const positions = new Map<number, number>();
  await Promise.all(
    byTable.map(async ([table, places]) => {
      const found = await sql<{ n: number; lo: number }>`
        with recursive search (n, time, lo, hi) as (
          select m.n, to_timestamp(m.ms / 1000), 0::int8, h.position + 1
            from unnest(${places}::int4[], ${places.map((n) => moments[n]!.time)}::float8[]) as m (n, ms)
           cross join log_head h
          union all
          select s.n, s.time, case when r.stamp < s.time then r.position + 1 else s.lo end,
                 case when r.stamp < s.time then s.hi else (s.lo + s.hi) / 2 end
            from search s
            left join lateral (
              select position, ${STAMPS[table]} as stamp from ${sql.table(table)}
               where position >= (s.lo + s.hi) / 2 order by position limit 1) r on true
           where s.lo < s.hi)
        select n, lo from search where lo >= hi`.execute(db);
      for (const { n, lo } of found.rows) positions.set(n, lo);
    }),
  );
  return moments.map((_, n) => positions.get(n)!);
}

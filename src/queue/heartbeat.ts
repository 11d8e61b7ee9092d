/** Whether anybody works the queue: each worker renews a row, in Postgres and not in the queue, which may be what is broken. */
import type { Pool } from 'pg';

const FORGOTTEN_AFTER_MS = 3_600_000;

/** Renews this worker's row, by the database's clock; rows of workers that are long gone are dropped on the way. */
export async function beat(pool: Pool, name: string): Promise<void> {
  await pool.query(
    'insert into workers (name, seen_at) values ($1, now()) on conflict (name) do update set seen_at = excluded.seen_at',
    [name],
  );
  await pool.query("delete from workers where seen_at < now() - $1 * interval '1 millisecond'", [FORGOTTEN_AFTER_MS]);
}

/** When the latest worker was seen; null when none ever was. Health warns when that is 30 seconds ago. */
export async function lastBeat(pool: Pool): Promise<Date | null> {
  const { rows } = await pool.query<{ at: Date | null }>('select max(seen_at) as at from workers');
  return rows[0]?.at ?? null;
}

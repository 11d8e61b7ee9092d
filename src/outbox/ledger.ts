/** The ledger of deliveries: what became of each, and how the servers stand. */
import type { Pool } from 'pg';

const PAGE = 5_000;
const MAX_PAGES = 40;

/** Forgets what was settled so long ago, in short transactions; a run that does not finish leaves the rest. */
export async function forgetDeliveries(pool: Pool, afterDays: number, signal?: AbortSignal): Promise<number> {
  let forgotten = 0;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    signal?.throwIfAborted();
    const { rowCount } = await pool.query(
      `delete from deliveries where (destination, position) in
         (select destination, position from deliveries where settled_at < now() - $1 * interval '1 day' order by settled_at limit ${PAGE})`,
      [afterDays],
    );
    forgotten += rowCount ?? 0;
    if ((rowCount ?? 0) < PAGE) break;
  }
  return forgotten;
}

/** What is done to the ledger from outside: a server tried now, deliveries given up, old rows forgotten. */
import { sql } from 'kysely';
import type { Pool } from 'pg';
import type { Db } from '../database/database.ts';
import type { ServerName } from '../matrix/identifiers.ts';

const PAGE = 5_000;
const MAX_PAGES = 40;

/**
 * Has a server tried now, however long it would be left alone: it has shown that it lives, or somebody wants it. False when
 * nothing kept it from being tried.
 */
export async function clearBackoff(db: Db, destination: ServerName): Promise<boolean> {
  const { rows } = await sql`
    update destinations set retry_at = now(), failures = 0
     where destination = ${destination} and failures > 0 and retry_at > now() returning destination`.execute(db);
  return rows.length > 0;
}

/**
 * Gives up what waits for a server, or of it what is of one room; resolves to how much. A transaction that is on its way right now
 * is not taken back.
 */
export async function giveUp(db: Db, destination: ServerName, roomId: string | null): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const { rows: found } = await sql<{ sending: boolean }>`
      select lease_until is not null and lease_until > now() as sending from destinations
       where destination = ${destination} for update`.execute(tx);
    if (found[0] === undefined) return 0;
    // What is left of a transaction that may have been sent is sent under another id.
    if (!found[0].sending) {
      await sql`
        update deliveries set state = 'queued', txn_id = null
         where destination = ${destination} and settled_at is null and state = 'fixed'`.execute(tx);
      await sql`
        update destinations set txn_id = null, same_failures = 0 where destination = ${destination}`.execute(tx);
    }
    const { rows } = await sql<{ count: number }>`
      with gone as (
        update deliveries set state = 'given_up', settled_at = now()
         where destination = ${destination} and settled_at is null and state = 'queued'
           and (${roomId}::text is null or room_id = ${roomId})
        returning 1)
      select count(*)::int4 as count from gone`.execute(tx);
    await sql`
      update destinations set owed = exists (
        select from deliveries where destination = ${destination} and settled_at is null)
       where destination = ${destination}`.execute(tx);
    return rows[0]?.count ?? 0;
  });
}

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

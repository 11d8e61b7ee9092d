/** Who delivers to a server: one at a time, for a while. A lease that was lost changes nothing any more. */
import { sql, type RawBuilder } from 'kysely';
import type { Pool } from 'pg';
import type { Db, Tx } from '../database/database.ts';
import type { ServerName } from '../matrix/identifiers.ts';

/** Events in one transaction (server-server API, Transactions). */
export const MAX_EVENTS = 50;

export interface Lease {
  readonly destination: ServerName;
  readonly epoch: number;
  /** How long it lasts when it is renewed. Longer than two requests. */
  readonly milliseconds: number;
}

export interface Leased extends Lease {
  /** The server failed when it was last sent something. */
  readonly failing: boolean;
}

/** Three signs of life of a worker: whoever gave none for so long is dead. */
const SILENT_MS = 30_000;

/** Times are the database's: clocks of workers may differ. */
export function after(milliseconds: number): RawBuilder<Date> {
  return sql<Date>`now() + ${milliseconds} * interval '1 millisecond'`;
}

/**
 * Null: somebody else has it, nothing is owed, or it is not yet time. `owner` is one process, which asks for no server that
 * it delivers to already: a lease of its own is one that it could not let go of.
 */
export async function takeLease(
  db: Db,
  destination: ServerName,
  { owner, milliseconds }: { readonly owner: string; readonly milliseconds: number },
): Promise<Leased | null> {
  const { rows } = await sql<{ epoch: number; failing: boolean }>`
    update destinations set lease_owner = ${owner}, lease_epoch = lease_epoch + 1, lease_until = ${after(milliseconds)}
     where destination = ${destination} and ${isDue(owner, milliseconds)}
    returning lease_epoch as epoch, failures > 0 as failing`.execute(db);
  return rows[0] === undefined ? null : { destination, milliseconds, ...rows[0] };
}

export interface Held {
  /** The transaction that was at hand; null: there was none. */
  readonly txnId: string | null;
  readonly txnLimit: number;
  /** Transactions that failed since the last that was answered. */
  readonly failures: number;
  /** How often in a row the one at hand failed in the same way, and in which. */
  readonly sameFailures: number;
  readonly failure: string | null;
}

/** Makes the lease last longer, and in a transaction keeps others off until it ends. False: it was lost. */
export async function holdLease(db: Db | Tx, { destination, epoch, milliseconds }: Lease): Promise<boolean> {
  const { rows } = await sql`
    update destinations set lease_until = ${after(milliseconds)}
     where destination = ${destination} and lease_epoch = ${epoch} returning destination`.execute(db);
  return rows.length > 0;
}

/** Lets go of a server. True: something waits for it that came meanwhile, and nobody holds it. */
export async function releaseLease(pool: Pool, { destination, epoch }: Lease): Promise<boolean> {
  const client = await pool.connect();
  try {
    // Statements of their own, on one journey: the second sees what was committed while the row was waited for.
    const [, , released] = await Promise.all([
      client.query('begin'),
      client.query({
        name: 'hold-destination',
        text: 'select from destinations where destination = $1 for update',
        values: [destination],
      }),
      client.query<{ owed: boolean }>({ name: 'release-destination', text: RELEASE, values: [destination, epoch] }),
      client.query('commit'),
    ]);
    return released.rows[0]?.owed === true;
  } finally {
    client.release();
  }
}

const RELEASE = `
  update destinations set lease_owner = null, lease_until = null, owed = w.owed,
         txn_limit = case when w.owed then txn_limit else ${MAX_EVENTS} end
    from (select exists (select from deliveries where destination = $1 and settled_at is null) as owed) w
   where destination = $1 and lease_epoch = $2
  returning destinations.owed`;

/**
 * Servers to which this process may send something right now, those that wait longest first; `milliseconds` is how long its
 * leases last.
 */
export async function dueDestinations(
  db: Db,
  { owner, milliseconds }: { readonly owner: string; readonly milliseconds: number },
  limit: number,
): Promise<readonly DueDestination[]> {
  const { rows } = await sql<DueDestination>`
    select destination, failures > 0 as failing from destinations
     where ${isDue(owner, milliseconds)} order by retry_at limit ${limit}`.execute(db);
  return rows;
}

export interface DueDestination {
  readonly destination: ServerName;
  /** It failed when it was last sent something. */
  readonly failing: boolean;
}

// A worker that was killed holds its leases no longer than it is silent. One that lives is silent only while it can neither
// fix nor settle anything: it beats by a timer over the connections of its deliveries, and each step of one renews the lease. A
// request that it has on its way meanwhile may meet the same transaction sent by another: under one id, which is taken once.
function isDue(owner: string, milliseconds: number): RawBuilder<boolean> {
  return sql<boolean>`
    owed and retry_at <= now()
    and (lease_until is null or lease_until <= now() or lease_owner = ${owner}
         or (lease_until <= ${after(milliseconds - SILENT_MS)}
             and not exists (select from workers
                              where name = lease_owner and seen_at > now() - ${SILENT_MS} * interval '1 millisecond')))`;
}

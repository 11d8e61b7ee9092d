/** Transactions of events for a server: fixed before they are sent, sent again unchanged, settled event by event. */
import { sql } from 'kysely';
import type { Db, Tx } from '../database/database.ts';
import { after, holdLease, MAX_EVENTS, type Held, type Lease } from './leases.ts';

export interface FixedTransaction {
  readonly txnId: string;
  /** In the order in which they are sent. */
  readonly events: readonly FixedEvent[];
  readonly held: Held;
}

export interface FixedEvent {
  /** Of the delivery. */
  readonly position: number;
  readonly roomId: string;
  /** Of the event. */
  readonly event: number;
}

/** Events of one transaction, in bytes: a hundred servers that hang must not hold much. */
const MAX_BYTES = 1_048_576;

/**
 * The transaction that is to be sent: the one that was fixed before and is not settled, or the next, under `newTxnId`.
 * Null: nothing waits.
 */
export function nextTransaction(db: Db, lease: Lease, newTxnId: string): Promise<FixedTransaction | null | 'lost'> {
  return db.transaction().execute(async (tx) => {
    const held = await holdLease(tx, lease);
    if (held === null) return 'lost';
    const fixed = (await fixedEvents(tx, lease, held)) ?? (await fixEvents(tx, lease, newTxnId, held.txnLimit));
    return fixed === null ? null : { ...fixed, held };
  });
}

type Fixed = Omit<FixedTransaction, 'held'>;

async function fixedEvents(tx: Tx, { destination }: Lease, { txnId, txnUpTo }: Held): Promise<Fixed | null> {
  if (txnId === null) return null;
  const { rows } = await sql<FixedEvent>`
    select position, room_id as "roomId", event from deliveries
     where destination = ${destination} and settled_at is null and position <= ${txnUpTo} and txn_id = ${txnId}
     order by position`.execute(tx);
  return rows.length === 0 ? null : { txnId, events: rows };
}

async function fixEvents(tx: Tx, lease: Lease, txnId: string, limit: number): Promise<Fixed | null> {
  const { destination } = lease;
  const { rows } = await sql<FixedEvent>`
    with first as (
      select d.position, row_number() over o as n,
             sum(octet_length(e.proof) + coalesce(octet_length(c.content), 0)) over o as bytes
        from (select * from deliveries where destination = ${destination} and settled_at is null order by position limit ${limit}) d
        left join events e on e.room_id = d.room_id and e.position = d.event
        left join event_content c on c.room_id = d.room_id and c.event = d.event
      window o as (order by d.position))
    update deliveries d set state = 'fixed', txn_id = ${txnId} from first
     where d.destination = ${destination} and d.position = first.position and (first.n = 1 or first.bytes <= ${MAX_BYTES})
    returning d.position, d.room_id as "roomId", d.event`.execute(tx);
  const events = rows.toSorted((a, b) => a.position - b.position);
  const last = events.at(-1);
  if (last === undefined) return null;
  await sql`
    update destinations set txn_id = ${txnId}, txn_upto = ${last.position} where destination = ${destination}`.execute(
    tx,
  );
  return { txnId, events };
}

/** What became of an event that was sent. */
export interface Settlement {
  readonly position: number;
  /** The other server's words against it; null: it took it. */
  readonly refusal: string | null;
}

/** After an answer. False: the lease was lost, and whoever has it now settles. */
export function settle(db: Db, lease: Lease, settlements: readonly Settlement[]): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    if ((await holdLease(tx, lease)) === null) return false;
    await sql`
      update deliveries d set state = case when s.refusal is null then 'acknowledged' else 'refused' end,
             error = s.refusal, settled_at = now()
        from unnest(${settlements.map((one) => one.position)}::int8[], ${settlements.map((one) => one.refusal)}::text[])
          as s (position, refusal)
       where d.destination = ${lease.destination} and d.position = s.position and d.settled_at is null`.execute(tx);
    await sql`
      update destinations set txn_id = null, failures = 0, same_failures = 0, failure = null, error = null, succeeded_at = now()
       where destination = ${lease.destination}`.execute(tx);
    return true;
  });
}

/** Takes a transaction apart again: what it held is sent in transactions of at most so many events. */
export function splitTransaction(db: Db, lease: Lease, txnLimit: number): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    if ((await holdLease(tx, lease)) === null) return false;
    await sql`
      update deliveries set state = 'queued', txn_id = null
       where destination = ${lease.destination} and settled_at is null and state = 'fixed'`.execute(tx);
    await sql`
      update destinations set txn_id = null, txn_limit = ${txnLimit} where destination = ${lease.destination}`.execute(
      tx,
    );
    return true;
  });
}

/** Transactions may be as large as ever. */
export async function liftLimit(db: Db, { destination, epoch }: Lease): Promise<void> {
  await sql`
    update destinations set txn_limit = ${MAX_EVENTS} where destination = ${destination} and lease_epoch = ${epoch}`.execute(
    db,
  );
}

export interface Failure {
  /** Failures of one sort count together. */
  readonly sort: string;
  readonly words: string;
}

/** After a failure: nothing is sent for so many milliseconds, and the lease ends. */
export async function putOff(db: Db, { destination, epoch }: Lease, failure: Failure, delayMs: number): Promise<void> {
  await sql`
    update destinations set failures = failures + 1, failed_at = now(), failure = ${failure.sort}, error = ${failure.words},
           same_failures = case when failure = ${failure.sort} then same_failures + 1 else 1 end,
           retry_at = ${after(delayMs)}, lease_owner = null, lease_until = null
     where destination = ${destination} and lease_epoch = ${epoch}`.execute(db);
}

/** Transactions of events for a server: fixed before they are sent, sent again unchanged, settled event by event. */
import { sql } from 'kysely';
import type { Pool } from 'pg';
import type { Db } from '../database/database.ts';
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

/** What became of an event that was sent. */
export interface Settlement {
  readonly position: number;
  /** The other server's words against it; null: it took it. */
  readonly refusal: string | null;
}

export interface Step {
  /** Of the transaction that was answered; null: none was. */
  readonly settlements: readonly Settlement[] | null;
  /** The id of the next transaction, unless there is one at hand. */
  readonly txnId: string;
  /** Whether the backlog has been looked through under this lease. */
  readonly tidied: boolean;
}

/**
 * Settles what was answered, and gives the transaction that is to be sent: the one that was fixed before and is not settled,
 * or the next. `nothing` waits; the backlog is `untidy`: long, or of a server that failed, and is to be looked through first.
 */
export async function nextTransaction(
  pool: Pool,
  { destination, epoch, milliseconds }: Lease,
  { settlements, txnId, tidied }: Step,
): Promise<FixedTransaction | 'nothing' | 'untidy' | 'lost'> {
  const settled = settlements ?? [];
  const { rows } = await pool.query<NextRow>({
    name: 'next-transaction',
    text: NEXT,
    values: [
      destination,
      epoch,
      milliseconds,
      settled.map(({ position }) => position),
      settled.map(({ refusal }) => refusal),
      txnId,
      tidied,
      settlements !== null,
    ],
  });
  const [first] = rows;
  if (first === undefined) return 'lost';
  if (first.position === null) return first.waiting > 0 ? 'untidy' : 'nothing';
  const { old, txnLimit, failures, sameFailures, failure } = first;
  const events = rows as readonly (NextRow & FixedEvent)[];
  return { txnId: old ?? txnId, events, held: { txnId: old, txnLimit, failures, sameFailures, failure } };
}

interface NextRow extends Omit<Held, 'txnId' | 'txnUpTo'> {
  readonly waiting: number;
  readonly old: string | null;
  readonly position: number | null;
  readonly roomId: string | null;
  readonly event: number | null;
}

/** Events of one transaction, in bytes: a hundred servers that hang must not hold much. */
const MAX_BYTES = 1_048_576;

// One statement, one journey: there is one for each event and server. The lease is locked first, all else hangs on it. What is
// committed while it waits for the lock it does not see; whoever lets go of the lease looks again.
const NEXT = `
  with held as materialized (
    select * from destinations where destination = $1 and lease_epoch = $2 for update),
  settled as (
    update deliveries d set state = case when s.refusal is null then 'acknowledged' else 'refused' end,
           error = s.refusal, settled_at = now()
      from held, unnest($4::int8[], $5::text[]) as s (position, refusal)
     where d.destination = $1 and d.position = s.position and d.settled_at is null),
  old as (
    select d.position, d.room_id, d.event from held join deliveries d
        on d.destination = $1 and d.settled_at is null and d.position <= held.txn_upto and d.txn_id = held.txn_id
     where not $8::bool and ($7::bool or held.failures = 0)),
  waiting as materialized (
    select position, room_id, event from deliveries
     where destination = $1 and settled_at is null and position <> all($4::int8[]) order by position limit ${MAX_EVENTS + 1}),
  fresh as materialized (
    select w.position, w.room_id, w.event from held cross join (
      select w.*, row_number() over o as n, sum(octet_length(e.proof) + coalesce(octet_length(c.content), 0)) over o as bytes
        from waiting w
        left join events e on e.room_id = w.room_id and e.position = w.event
        left join event_content c on c.room_id = w.room_id and c.event = w.event
      window o as (order by w.position)) w
     where not exists (select from old) and w.n <= held.txn_limit and (w.n = 1 or w.bytes <= ${MAX_BYTES})
       and ($7::bool or (select count(*) from waiting) <= ${MAX_EVENTS} and (held.failures = 0 or $8::bool))),
  fixed as (
    update deliveries d set state = 'fixed', txn_id = $6 from fresh f where d.destination = $1 and d.position = f.position),
  kept as (
    update destinations x
       set lease_until = now() + $3 * interval '1 millisecond',
           txn_id = case when exists (select from fresh) then $6 when $8::bool then null else held.txn_id end,
           txn_upto = coalesce((select max(position) from fresh), held.txn_upto),
           failures = case when $8::bool then 0 else held.failures end,
           same_failures = case when $8::bool then 0 else held.same_failures end,
           failure = case when $8::bool then null else held.failure end,
           error = case when $8::bool then null else held.error end,
           succeeded_at = case when $8::bool then now() else held.succeeded_at end
      from held where x.destination = held.destination)
  select (select count(*) from waiting)::int4 as waiting, case when p.is_old then held.txn_id end as old,
         held.txn_limit as "txnLimit", case when $8::bool then 0 else held.failures end as failures,
         case when $8::bool then 0 else held.same_failures end as "sameFailures",
         case when $8::bool then null else held.failure end as failure,
         p.position, p.room_id as "roomId", p.event
    from held left join (select *, true as is_old from old union all select *, false from fresh) p on true
   order by p.position`;

/** After an answer. False: the lease was lost, and whoever has it now settles. */
export function settle(db: Db, lease: Lease, settlements: readonly Settlement[]): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    if (!(await holdLease(tx, lease))) return false;
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
    if (!(await holdLease(tx, lease))) return false;
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

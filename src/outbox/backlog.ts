/** What is owed for too long, or too much of it: left out for newer events that tell of it, or given up. */
import { sql } from 'kysely';
import type { Db, Tx } from '../database/database.ts';
import { holdLease, type Lease } from './leases.ts';

/** Events of a room that a server is sent in full, however long it was away. */
const MAX_OWED = 1_000;
const GIVEN_UP_AFTER_DAYS = 30;

/**
 * Brings a server's backlog within bounds before it is sent. Of each room the oldest events beyond a thousand are left out,
 * except those that are kept; the room's forward extremities stand for them. What waited for thirty days is given up.
 */
export function tidyBacklog(db: Db, lease: Lease): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    if (!(await holdLease(tx, lease))) return false;
    await giveUpOld(tx, lease);
    if (await isLong(tx, lease)) await catchUp(tx, lease);
    return true;
  });
}

async function isLong(tx: Tx, { destination }: Lease): Promise<boolean> {
  const { rows } = await sql<{ long: boolean }>`
    select count(*) > ${MAX_OWED} as long from (
      select from deliveries where destination = ${destination} and settled_at is null limit ${MAX_OWED + 1}) d`.execute(
    tx,
  );
  return rows[0]?.long === true;
}

async function catchUp(tx: Tx, { destination }: Lease): Promise<void> {
  const { rows } = await sql<{ room_id: string }>`
    with ranked as (
      select position, kept, row_number() over (partition by room_id order by position desc) as n
        from deliveries where destination = ${destination} and settled_at is null),
    left_out as (
      update deliveries d set state = 'caught_up', settled_at = now() from ranked r
       where d.destination = ${destination} and d.position = r.position and r.n > ${MAX_OWED} and not r.kept and d.state = 'queued'
         and not exists (select from extremities x where x.room_id = d.room_id and x.event = d.event)
      returning d.room_id)
    select distinct room_id from left_out`.execute(tx);
  if (rows.length === 0) return;
  // Events of others, too: of those it may have heard as little. A server that is not in the room is told no more of it.
  await sql`
    insert into deliveries (destination, position, room_id, event, kept, state, owed_at)
    select ${destination}, v.position, x.room_id, x.event, false, 'queued', now()
      from extremities x
      join events e on e.room_id = x.room_id and e.position = x.event and e.origin <> ${destination}
      cross join lateral (
        select position from verdicts where room_id = x.room_id and event = x.event order by room_position desc limit 1) v
     where x.room_id = any(${rows.map((row) => row.room_id)}::text[])
       and exists (select from room_servers s where s.room_id = x.room_id and s.server = ${destination} and s.to_at is null)
    on conflict (destination, position) do nothing`.execute(tx);
}

// A transaction that may have been sent is given up whole.
async function giveUpOld(tx: Tx, { destination }: Lease): Promise<void> {
  await sql`
    update deliveries d set state = 'given_up', settled_at = now()
     where destination = ${destination} and settled_at is null and owed_at < now() - ${GIVEN_UP_AFTER_DAYS} * interval '1 day'
       and (state = 'queued' or not exists (
         select from deliveries f where f.destination = d.destination and f.settled_at is null and f.txn_id = d.txn_id
            and f.owed_at >= now() - ${GIVEN_UP_AFTER_DAYS} * interval '1 day'))`.execute(tx);
}

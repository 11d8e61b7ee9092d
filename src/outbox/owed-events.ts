/** Reads from the log what may be owed to other servers, from a position on. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { UserId } from '../matrix/identifiers.ts';
import type { Membership } from '../matrix/pdu.ts';
import type { OwedEvent, Stay } from './recipients.ts';

/** No position is greater. */
const MOST = Number.MAX_SAFE_INTEGER;

interface Row extends Omit<OwedEvent, 'move'> {
  readonly target: UserId | null;
  readonly from: Membership | 'none' | null;
  readonly to: Membership | 'none' | null;
  readonly citesInvite: boolean | null;
  readonly endsServedKnock: boolean | null;
}

/**
 * The accepted events after one position and up to another that are this server's to deliver, and those of others that
 * answer a knock, in order. The transitions that a verdict brought about stand between it and the next verdict: they are read as one
 * piece of the log, but for those of an import, which are news to nobody. Looked up for each event, they would hang on what the planner believes of how busy a room or a user is.
 */
export async function owedEvents(db: Db, after: number, upTo: number): Promise<readonly OwedEvent[]> {
  const { rows } = await sql<Row>`
    with moves as materialized (
      select room_id, at, event, user_id, "from", "to", previous from transitions
       where position > ${after} and cause <> 'import'
         and position < coalesce((select min(position) from verdicts where position > ${upTo}), ${MOST}::int8))
    select v.room_id as "roomId", v.position, v.room_position as "roomPosition", v.event, v.relay, e.sender, e.origin,
           t.user_id as target, t."from", t."to",
           t."to" in ('leave', 'ban') and (select true from transitions i
             where i.room_id = v.room_id and i.user_id = t.user_id and i."to" = 'invite' and i.event = any(e.auth)
             order by i.at desc limit 1) as "citesInvite",
           t."from" = 'knock' and (select true from verdicts k
             where k.room_id = v.room_id and k.event = t.previous and k.relay
             order by k.room_position desc limit 1) as "endsServedKnock"
      from verdicts v
      join events e on e.room_id = v.room_id and e.position = v.event
      left join moves t on e.type = 'm.room.member' and t.room_id = v.room_id and t.at = v.room_position
                       and t.event = v.event and t.user_id = e.state_key
     where v.position > ${after} and v.position <= ${upTo} and v.verdict = 'accepted' and (v.relay or t."from" = 'knock')
     order by v.position`.execute(db);
  return rows.map(({ target, from, to, citesInvite, endsServedKnock, ...event }) => ({
    ...event,
    move:
      target === null || from === null || to === null
        ? null
        : { target, from, to, citesInvite: citesInvite === true, endsServedKnock: endsServedKnock === true },
  }));
}

/** By room, the stays of servers that did not end before the first of these events. */
export async function staysDuring(db: Db, events: readonly OwedEvent[]): Promise<ReadonlyMap<string, readonly Stay[]>> {
  const first = new Map<string, number>();
  for (const { roomId, roomPosition } of events) if (!first.has(roomId)) first.set(roomId, roomPosition);
  if (first.size === 0) return new Map();
  const { rows } = await sql<Stay & { roomId: string }>`
    select s.room_id as "roomId", s.server, s.from_at as "from", s.to_at as "to"
      from unnest(${[...first.keys()]}::text[], ${[...first.values()]}::int8[]) as f (room_id, at)
      join room_servers s on s.room_id = f.room_id and (s.to_at is null or s.to_at >= f.at)`.execute(db);
  return Map.groupBy(rows, ({ roomId }) => roomId);
}

/** How far the log has been read for others; 0 before the first time. */
export async function expandedUpTo(db: Db): Promise<number> {
  const { rows } = await sql<{ position: number }>`
    select position from reader_positions where reader = ${READER}`.execute(db);
  return rows[0]?.position ?? 0;
}

export const READER = 'deliveries';

/** The positions of the log that have not been read for others. */
export async function expanderLag(db: Db): Promise<number> {
  const { rows } = await sql<{ lag: number }>`
    select h.position - coalesce((select position from reader_positions where reader = ${READER}), 0) as lag
      from log_head h`.execute(db);
  return rows[0]?.lag ?? 0;
}

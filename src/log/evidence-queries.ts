/**
 * Queries on evidence: which of the events that others cite are stored, and what the rules may know of them. What came out of
 * band is left out: nobody can rest on an event whose own auth events are not here.
 */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { EventId, RoomId } from '../matrix/identifiers.ts';
import type { PduFields, Verdict } from '../matrix/pdu.ts';
import { mergeEvent } from './content.ts';
import type { EventSlot } from './judged-pdu.ts';

/** A stored event as the rules read it: redacted, with what they read besides. */
export interface StoredEvidence {
  readonly eventId: EventId;
  readonly slot: EventSlot;
  readonly pdu: PduFields;
  /** Its own auth events refuse it. */
  readonly rejected: boolean;
  /** The newest one on it; null: it is known for its auth chain only. */
  readonly verdict: Verdict | null;
}

export interface EvidenceRow {
  readonly event_id: EventId;
  readonly position: number;
  readonly proof: Buffer;
  readonly auth_extra: Buffer | null;
  readonly rejected: boolean;
  readonly verdict: Verdict | null;
}

export function evidenceOf({
  event_id: eventId,
  position,
  proof,
  auth_extra: extra,
  ...row
}: EvidenceRow): StoredEvidence {
  const { rejected, verdict } = row;
  return { eventId, slot: { eventId, position }, pdu: mergeEvent(proof, null, extra), rejected, verdict };
}

/** Those of a room's events by id that are stored. */
export async function storedEvidence(
  db: Db,
  roomId: RoomId,
  ids: Iterable<EventId>,
): Promise<ReadonlyMap<EventId, StoredEvidence>> {
  const asked = [...new Set(ids)];
  if (asked.length === 0) return new Map();
  const found = await sql<EvidenceRow>`
    select e.event_id, e.position, e.proof, e.auth_extra, e.auth_rejection is not null as rejected, v.verdict
      from events e
      left join lateral (
        select verdict from verdicts where room_id = e.room_id and event = e.position
         order by room_position desc limit 1) v on true
     where e.event_id = any(${asked}::text[]) and e.room_id = ${roomId} and not e.out_of_band`.execute(db);
  return new Map(found.rows.map((row) => [row.event_id, evidenceOf(row)]));
}

/** Those of the events that are stored for another room than this one. */
export async function eventsElsewhere(db: Db, roomId: RoomId, ids: readonly EventId[]): Promise<ReadonlySet<EventId>> {
  if (ids.length === 0) return new Set();
  const found = await sql<{ event_id: EventId }>`
    select event_id from events where event_id = any(${ids}::text[]) and room_id <> ${roomId}`.execute(db);
  return new Set(found.rows.map((row) => row.event_id));
}

/** Positions of those of a room's events by id that are stored. */
export async function storedPositions(
  db: Db,
  roomId: RoomId,
  ids: readonly EventId[],
): Promise<ReadonlyMap<EventId, number>> {
  if (ids.length === 0) return new Map();
  const found = await sql<{ event_id: EventId; position: number }>`
    select event_id, position from events
     where event_id = any(${ids}::text[]) and room_id = ${roomId} and not out_of_band`.execute(db);
  return new Map(found.rows.map((row) => [row.event_id, row.position]));
}

/** Where a stored event stands in a state, if it is a state event. */
export interface StateSlot {
  readonly slot: EventSlot;
  readonly type: string;
  readonly stateKey: string | null;
  /** Its own auth events refuse it. */
  readonly rejected: boolean;
}

/** Those of a room's events by id that are stored, by what they set. */
export async function stateSlots(
  db: Db,
  roomId: RoomId,
  ids: readonly EventId[],
): Promise<ReadonlyMap<EventId, StateSlot>> {
  const found = await sql<{
    event_id: EventId;
    position: number;
    type: string;
    stateKey: string | null;
    rejected: boolean;
  }>`
    select event_id, position, type, state_key as "stateKey", auth_rejection is not null as rejected
      from events where event_id = any(${ids}::text[]) and room_id = ${roomId} and not out_of_band`.execute(db);
  return new Map(
    found.rows.map(({ event_id: eventId, position, ...row }) => [eventId, { slot: { eventId, position }, ...row }]),
  );
}

/**
 * Whether less was known when an event got its newest verdict: one of its predecessors has been judged since, be it that it
 * was missing then and its state somebody's word, or that it was judged again itself.
 */
export async function restedOnLess(db: Db, roomId: RoomId, position: number): Promise<boolean> {
  const found = await sql<{ less: boolean }>`
    select exists (
      select from (
        select g.missing_event_id as event_id from gaps g where g.room_id = ${roomId} and g.cited_by = ${position}
        union all
        select e.event_id from unnest(own.prev) as p (position)
          join events e on e.room_id = ${roomId} and e.position = p.position) cited
        join events e on e.event_id = cited.event_id and e.room_id = ${roomId} and not e.out_of_band
        join verdicts v on v.room_id = ${roomId} and v.event = e.position and v.position > own.position) as less
      from (select w.position, w.prev from verdicts w
             where w.room_id = ${roomId} and w.event = ${position} order by w.room_position desc limit 1) own`.execute(
    db,
  );
  return found.rows[0]?.less === true;
}

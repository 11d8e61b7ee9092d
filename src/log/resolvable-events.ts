/** Loads events as state resolution reads them. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { EventId } from '../matrix/identifiers.ts';
import type { ResolvableEvent } from '../matrix/resolvable-event.ts';
import { mergeEvent } from './content.ts';

/** An event as it is stored, not yet spelt out. */
export interface RawEvent {
  readonly position: number;
  readonly eventId: string;
  readonly proof: Uint8Array;
  readonly authExtra: Uint8Array | null;
  readonly content: Uint8Array | null;
  readonly rejectedBy: ResolvableEvent['rejectedBy'];
}

/** The events at these positions, in one query. Throws RangeError when one is missing. */
export async function readRawEvents(
  db: Db,
  roomId: string,
  positions: readonly number[],
): Promise<readonly RawEvent[]> {
  if (positions.length === 0) return [];
  const { rows } = await sql<RawEvent>`
    select e.position, e.event_id as "eventId", e.proof, e.auth_extra as "authExtra", c.content,
           case when e.auth_rejection is not null then 'auth_events' when v.verdict = 'rejected' then 'state' end as "rejectedBy"
      from unnest(${positions}::int8[]) as k (position)
      join events e on e.room_id = ${roomId} and e.position = k.position
      left join event_content c on c.room_id = e.room_id and c.event = e.position
      left join lateral (
        select w.verdict from verdicts w where w.room_id = e.room_id and w.event = e.position order by w.room_position desc limit 1) v on true`.execute(
    db,
  );
  if (rows.length < new Set(positions).size) throw new RangeError(`An event of ${roomId} is not stored.`);
  return rows;
}

/** Spells an event out; with what the rules read where its words are gone. */
export function resolvableEvent({
  position,
  eventId,
  proof,
  authExtra,
  content,
  rejectedBy,
}: RawEvent): ResolvableEvent {
  const pdu = mergeEvent(proof, content, authExtra);
  return { position, eventId: eventId as EventId, pdu, rejectedBy };
}

/** As readRawEvents(), spelt out, by position. */
export async function readResolvable(
  db: Db,
  roomId: string,
  positions: readonly number[],
): Promise<Map<number, ResolvableEvent>> {
  const raw = await readRawEvents(db, roomId, positions);
  return new Map(raw.map((event) => [event.position, resolvableEvent(event)]));
}

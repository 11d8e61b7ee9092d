/** Events as they are sent to other servers: put together again from proof and words, as far as there still are words. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { EventId } from '../matrix/identifiers.ts';
import type { PduFields } from '../matrix/pdu.ts';
import { mergeEvent } from './content.ts';

export interface SentEvent {
  readonly position: number;
  readonly eventId: EventId;
  /** As it was signed; the redacted form when its words are gone. */
  readonly pdu: PduFields;
}

/** The events at these positions, in the order asked; positions that hold no event of that room are left out. */
export async function readSentEvents(
  db: Db,
  keys: readonly { readonly roomId: string; readonly position: number }[],
): Promise<readonly SentEvent[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<{ position: number; event_id: EventId; proof: Buffer; content: Buffer | null }>`
    select e.position, e.event_id, e.proof, c.content
      from unnest(${keys.map((k) => k.roomId)}::text[], ${keys.map((k) => k.position)}::int8[]) with ordinality as k (room_id, position, n)
      join events e on e.room_id = k.room_id and e.position = k.position
      left join event_content c on c.room_id = e.room_id and c.event = e.position
     order by k.n`.execute(db);
  return rows.map(({ position, event_id: eventId, proof, content }) => ({
    position,
    eventId,
    pdu: mergeEvent(proof, content),
  }));
}

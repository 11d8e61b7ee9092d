/** Events in redacted form: their proof as it is stored, which ids and signatures cover. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { EventId } from '../matrix/identifiers.ts';
import { parseJsonObject } from '../matrix/json.ts';
import type { Pdu } from '../matrix/pdu.ts';

export interface RedactedEvent {
  readonly position: number;
  readonly eventId: EventId;
  readonly pdu: Pdu;
}

/** The events at these positions, in the order asked; positions that hold no event of that room are left out. */
export async function redactedEvents(
  db: Db,
  keys: readonly { readonly roomId: string; readonly position: number }[],
): Promise<readonly RedactedEvent[]> {
  if (keys.length === 0) return [];
  const { rows } = await sql<{ position: number; event_id: string; proof: Buffer }>`
    select e.position, e.event_id, e.proof
      from unnest(${keys.map((k) => k.roomId)}::text[], ${keys.map((k) => k.position)}::int8[]) with ordinality as k (room_id, position, n)
      join events e on e.room_id = k.room_id and e.position = k.position
     order by k.n`.execute(db);
  return rows.map(({ position, event_id: eventId, proof }) => {
    return { position, eventId: eventId as EventId, pdu: parseJsonObject(proof) as unknown as Pdu };
  });
}

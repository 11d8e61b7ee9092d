/** Reads state events of rooms as they stand now, by key. */
import type { Db } from '../database/database.ts';
import { lookUp } from '../database/look-ups.ts';
import type { EventId } from '../matrix/identifiers.ts';
import type { PduFields } from '../matrix/pdu.ts';
import { mergeEvent } from './content.ts';

export interface CurrentEntry {
  readonly eventId: EventId;
  readonly position: number;
  readonly pdu: PduFields;
}

const ENTRIES = {
  name: 'state-entries',
  text: `select k.n::int4 as n, e.event_id, e.position, e.proof, e.auth_extra, c.content
           from unnest($1::text[], $2::text[], $3::text[]) with ordinality as k (room_id, type, state_key, n)
           join room_state s on s.room_id = k.room_id and s.type = k.type and s.state_key = k.state_key
           join events e on e.room_id = s.room_id and e.position = s.event
           left join event_content c on c.room_id = e.room_id and c.event = e.position`,
};

interface Row {
  readonly n: number;
  readonly event_id: EventId;
  readonly position: number;
  readonly proof: Buffer;
  readonly auth_extra: Buffer | null;
  readonly content: Buffer | null;
}

/** The state entries of any rooms, in the order asked; null where there is none. */
export async function readEntries(
  db: Db,
  keys: readonly { readonly roomId: string; readonly type: string; readonly stateKey: string }[],
): Promise<readonly (CurrentEntry | null)[]> {
  const rows = await lookUp<Row>(db, ENTRIES, [
    keys.map((k) => k.roomId),
    keys.map((k) => k.type),
    keys.map((k) => k.stateKey),
  ]);
  const found = new Map(rows.map((row) => [row.n, row]));
  return keys.map((_, i) => {
    const row = found.get(i + 1);
    if (row === undefined) return null;
    return {
      eventId: row.event_id,
      position: row.position,
      pdu: mergeEvent(row.proof, row.content, row.auth_extra),
    };
  });
}

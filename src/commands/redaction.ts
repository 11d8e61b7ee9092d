/** What a redaction does to its target: the words go, and the lane's own copy of the room's state loses them too. */
import type { ErasureRecord } from '../log/append.ts';
import { mergeEvent, splitEvent } from '../log/content.ts';
import type { Db } from '../database/database.ts';
import type { EventSlot } from '../log/judged-pdu.ts';
import { outsidePosition } from '../log/out-of-band.ts';
import type { StoredEvent } from '../log/read.ts';
import type { RoomId, UserId } from '../matrix/identifiers.ts';
import type { Pdu } from '../matrix/pdu.ts';
import type { RoomVersion } from '../matrix/room-versions.ts';
import type { RedactedState, StateEntry } from './lanes/room-head.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

export interface RedactionEffect {
  readonly erasures: readonly ErasureRecord[];
  readonly redacted: readonly RedactedState[];
}

/** The effect of a redaction, by `byUser` and in force, on an event that is in the log. */
export async function effectOfRedaction(
  room: LaneRoom,
  target: StoredEvent,
  redaction: EventSlot,
  byUser: UserId,
): Promise<RedactionEffect> {
  const { roomId, type, stateKey } = target;
  const event = { eventId: target.eventId, position: target.position };
  const member = type === 'm.room.member' ? stateKey : null;
  const own = { kind: 'event', roomId, event, member, redaction, byUser } as const;
  const erasures = [own, ...(await ofTwin(room.tools.db, own))];
  if (stateKey === null) return { erasures, redacted: [] };
  const entry = (await room.state([[type, stateKey]])).get(type, stateKey);
  if (entry?.eventId !== target.eventId) return { erasures, redacted: [] };
  return { erasures, redacted: [{ type, stateKey, entry: redactedEntry(entry, room.head.version) }] };
}

/** The same for what was known of the event before this server was in the room. */
export async function ofTwin(
  db: Db,
  erasure: ErasureRecord & { readonly kind: 'event' },
): Promise<readonly ErasureRecord[]> {
  if (erasure.member === null) return [];
  const { eventId } = erasure.event;
  const position = await outsidePosition(db, erasure.roomId as RoomId, eventId);
  return position === null ? [] : [{ ...erasure, event: { eventId, position }, outOfBand: true }];
}

/** A state event as the log will hand it out: redacted, with what the rules read besides. */
export function redactedEntry(entry: StateEntry, version: RoomVersion): StateEntry {
  const { proof, authExtra } = splitEvent(entry.pdu as Pdu, version);
  return { ...entry, pdu: mergeEvent(proof, null, authExtra) };
}

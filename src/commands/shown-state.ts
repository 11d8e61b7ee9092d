/** What a room shows of itself to those on its doorstep who are of other servers: whole events, which they can verify (MSC4311). */
import type { Db } from '../database/database.ts';
import { eventById, readEvents } from '../log/read.ts';
import type { EventId } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';
import { redact } from '../matrix/redaction.ts';
import { STRIPPED_STATE_KEYS } from '../matrix/room-words.ts';
import { stateKeyText, type StateKey } from '../matrix/auth-events.ts';
import { refsBefore, valuesAtMany } from '../projections/sync-queries.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

/** As it stands in the room's turn, with what else is asked for. */
export async function shownState(room: LaneRoom, ...more: readonly StateKey[]): Promise<readonly JsonObject[]> {
  const keys = [...STRIPPED_STATE_KEYS, ...more];
  const state = await room.state(keys);
  return keys.flatMap(([type, stateKey]) => {
    const entry = state.get(type, stateKey);
    return entry === undefined ? [] : [entry.pdu];
  });
}

/** As it stood before an event that is stored: who was shown the room then is not shown what became of it. */
export async function shownBefore(
  db: Db,
  { head: { roomId, version } }: LaneRoom,
  eventId: EventId,
): Promise<readonly JsonObject[]> {
  const event = await eventById(db, eventId, roomId);
  if (event === null) throw new Error('an event that was taken is not stored');
  const [ref] = await refsBefore(db, [{ roomId, event: event.position }]);
  if (ref === undefined || ref === null) throw new Error('an event that was taken has no place in its room');
  const [values] = await valuesAtMany(db, [{ roomId, ref, keys: STRIPPED_STATE_KEYS }]);
  const positions = STRIPPED_STATE_KEYS.flatMap(([type, key]) => values?.get(stateKeyText(type, key)) ?? []);
  const state = await readEvents(
    db,
    positions.map((position) => ({ roomId, position })),
  );
  return state.map(({ pdu, erased }) => (erased ? redact(pdu, version) : pdu));
}

/** What a room shows of itself to those on its doorstep who are of other servers: whole events, which they can verify (MSC4311). */
import type { JsonObject } from '../matrix/json.ts';
import { STRIPPED_STATE_KEYS } from '../matrix/room-words.ts';
import type { StateKey } from '../matrix/auth-events.ts';
import type { LaneRoom } from './room-lane.ts';

/** As it stands in the room's turn, with what else is asked for. */
export async function shownState(room: LaneRoom, ...more: readonly StateKey[]): Promise<readonly JsonObject[]> {
  const keys = [...STRIPPED_STATE_KEYS, ...more];
  const state = await room.state(keys);
  return keys.flatMap(([type, stateKey]) => {
    const entry = state.get(type, stateKey);
    return entry === undefined ? [] : [entry.pdu];
  });
}

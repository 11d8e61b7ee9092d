/** Which state of a room a user may read: the current one, the one at their departure, or none. */
import type { Db } from '../../database/database.ts';
import { memberPositionsAt, stateAt, valuesAt, type Ref } from '../../log/state-lines.ts';
import type { Membership } from '../../matrix/pdu.ts';
import { memberPositions } from '../../projections/members.ts';
import { currentState, currentStateEvent, type CurrentState } from '../../projections/room-state.ts';
import { readerOf } from './history/standpoint.ts';

/** `current`, or as it was at a point of the room's log. */
export type RoomView = 'current' | Ref;

/**
 * Members see the current state; those who left or were put out see it as it was when they went; a world-readable room
 * is open to anyone. Throws M_FORBIDDEN for everybody else, and the same for a room that does not exist.
 */
export async function viewOfRoom(db: Db, roomId: string, userId: string): Promise<RoomView> {
  const { departedAt } = await readerOf(db, roomId, userId);
  return departedAt === null ? 'current' : { line: 0, at: departedAt };
}

/** The whole state in view, ordered by type and state key. */
export async function stateInView(db: Db, roomId: string, view: RoomView): Promise<readonly CurrentState[]> {
  return view === 'current' ? currentState(db, roomId) : stateAt(db, roomId, view);
}

/** Position of the event at one key of the state in view, or null. */
export async function keyInView(
  db: Db,
  roomId: string,
  view: RoomView,
  type: string,
  stateKey: string,
): Promise<number | null> {
  if (view === 'current') return currentStateEvent(db, roomId, type, stateKey);
  const [event] = (await valuesAt(db, roomId, view, [[type, stateKey]])).values();
  return event ?? null;
}

/** Positions of the member events of the state in view with one of these memberships, in order. */
export async function membersInView(
  db: Db,
  roomId: string,
  view: RoomView,
  memberships: readonly Membership[],
): Promise<readonly number[]> {
  return view === 'current'
    ? memberPositions(db, roomId, memberships)
    : memberPositionsAt(db, roomId, view, memberships);
}

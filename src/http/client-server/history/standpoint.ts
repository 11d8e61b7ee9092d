/** Where a reader stands in a room: besides an event's own time, what decides whether they see it. */
import { forgottenRooms } from '../../../accounts/forgotten-rooms.ts';
import { notInRoom } from '../../../commands/act.ts';
import type { Db } from '../../../database/database.ts';
import { readEvents, type TimelinePoint } from '../../../log/read.ts';
import { stringIn } from '../../../matrix/pdu.ts';
import { currentStateEvent, membershipOf } from '../../../projections/room-state.ts';
import { lastDeparture } from '../../../projections/sync-departures.ts';

export interface Standpoint {
  readonly roomId: string;
  readonly userId: string;
  /** Room position since which they have been joined without a break; null: they are not joined. */
  readonly joinedFrom: number | null;
  /** Room position at which they last went out; null: they are joined, or never were, or forgot the room. */
  readonly departedAt: number | null;
}

export async function standpointOf(db: Db, roomId: string, userId: string): Promise<Standpoint> {
  const standing = await membershipOf(db, roomId, userId);
  if (standing?.membership === 'join') return { roomId, userId, joinedFrom: standing.since, departedAt: null };
  const departedAt = standing === null ? null : await lastDeparture(db, roomId, userId);
  // Whoever forgot a room is a stranger to it.
  if (departedAt !== null && (await forgottenRooms(db, userId, [roomId])).has(roomId))
    return { roomId, userId, joinedFrom: null, departedAt: null };
  return { roomId, userId, joinedFrom: null, departedAt };
}

/**
 * The same of somebody who may read the room as such. Throws M_FORBIDDEN for everybody else, and the same for a room that
 * does not exist.
 */
export async function readerOf(db: Db, roomId: string, userId: string): Promise<Standpoint> {
  const standpoint = await standpointOf(db, roomId, userId);
  if (await isReader(db, standpoint)) return standpoint;
  throw notInRoom();
}

/** Members and former members may read a room, and anybody while it is world-readable. */
export async function isReader(db: Db, { roomId, joinedFrom, departedAt }: Standpoint): Promise<boolean> {
  return joinedFrom !== null || departedAt !== null || isWorldReadable(db, roomId);
}

/**
 * The point of the timeline where what somebody can page through ends: just after their departure, or `now`, the room
 * position that was the newest before it was known where they stand.
 */
export function endOfHistory({ departedAt }: Standpoint, now: number): TimelinePoint {
  return { anchor: departedAt ?? now, back: 1 };
}

/** Whether everybody may read the room, members or not. */
export async function isWorldReadable(db: Db, roomId: string): Promise<boolean> {
  const position = await currentStateEvent(db, roomId, 'm.room.history_visibility', '');
  const [event] = position === null ? [] : await readEvents(db, [{ roomId, position }]);
  return event !== undefined && stringIn(event.content, 'history_visibility') === 'world_readable';
}

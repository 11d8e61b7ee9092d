/** Whether a knock still waits to be decided, in its room's turn. */
import type { Db } from '../database/database.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { latestKnock, type KnockRow } from '../projections/knock-queries.ts';
import { standingOf } from './member-draft.ts';
import type { LaneRoom } from './room-lane.ts';

/**
 * Throws KNOCK_ALREADY_DECIDED (extra: outcome, decided_by, knock: the episode's position) when the knock was decided, and
 * M_NOT_FOUND when there never was one.
 */
export async function refuseDecided(db: Db, room: LaneRoom, userId: UserId): Promise<void> {
  if ((await standingOf(room, userId)).membership === 'knock') return;
  // The decision may be a moment old: the episode tells of it once it is durable.
  await room.appended();
  const knock = await latestKnock(db, room.head.roomId, userId);
  throw knock === null ? new MatrixError('M_NOT_FOUND', 'The user has not knocked.') : alreadyDecided(knock);
}

/** KNOCK_ALREADY_DECIDED, of an episode that has ended. */
export function alreadyDecided({ opened, status, decidedBy }: KnockRow): MatrixError {
  const extra = { knock: String(opened), outcome: status, ...(decidedBy === null ? {} : { decided_by: decidedBy }) };
  return new MatrixError('KNOCK_ALREADY_DECIDED', `The knock is ${status.toLowerCase()} already.`, extra);
}

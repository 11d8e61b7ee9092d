/** Whether a knock still waits to be decided, in its room's turn. */
import type { Db } from '../database/database.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { knocksOpenedAt, latestKnock, type KnockRow } from '../projections/knock-queries.ts';
import { standingOf } from './member-draft.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

/** A knock by name: who it is of may have another one by now. */
export interface NamedKnock {
  /** Position of the transition that opened it. */
  readonly opened: number;
  /** Position of the event that stood for it when it was looked at. */
  readonly event: number;
}

/**
 * Throws KNOCK_ALREADY_DECIDED (extra: outcome, decided_by, knock: the episode's position) when the knock was decided, be it
 * that there is a new one, and M_NOT_FOUND when there never was one. `named`: which one; else the user's latest.
 */
export async function refuseDecided(db: Db, room: LaneRoom, userId: UserId, named?: NamedKnock): Promise<void> {
  const { membership, event } = await standingOf(room, userId);
  const isPending = membership === 'knock';
  if (isPending && (named === undefined || event?.slot.position === named.event)) return;
  // What became of it may be a moment old: the episode tells of it once it is durable.
  await room.appended();
  const latest = await latestKnock(db, room.head.roomId, userId);
  // Said again in other words it is the same knock.
  if (isPending && latest?.opened === named?.opened) return;
  const knock = named === undefined ? latest : ((await knocksOpenedAt(db, [named.opened]))[0] ?? null);
  throw knock === null ? new MatrixError('M_NOT_FOUND', 'The user has not knocked.') : alreadyDecided(knock);
}

/** KNOCK_ALREADY_DECIDED, of an episode that has ended. */
export function alreadyDecided({ opened, status, decidedBy }: KnockRow): MatrixError {
  const extra = { knock: String(opened), outcome: status, ...(decidedBy === null ? {} : { decided_by: decidedBy }) };
  return new MatrixError('KNOCK_ALREADY_DECIDED', `The knock is ${status.toLowerCase()} already.`, extra);
}

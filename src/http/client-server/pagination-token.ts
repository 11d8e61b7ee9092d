/**
 * The tokens that clients hand back: a position of the whole log with the number of a change of the user's account data
 * (`s5_2`), or a place in one room's timeline (`t7_0`).
 */
import { MatrixError } from '../../matrix/errors.ts';
import type { TimelinePoint } from '../../log/read.ts';

const SYNC_TOKEN = /^s([0-9]{1,15})(?:_([0-9]{1,15}))?$/;
const TIMELINE_TOKEN = /^t([0-9]{1,15})_(0|1|-[0-9]{1,15})$/;

/** What a sync has told. */
export interface SyncPoint {
  /** Up to here of the log. */
  readonly position: number;
  /** Up to this change of the user's account data. */
  readonly change: number;
}

/** The token for everything up to a point. */
export function syncToken({ position, change }: SyncPoint): string {
  return `s${position}_${change}`;
}

/** The point just after an event. No event stands at `back` 1 or above. */
export function pointAfter({ anchor, back }: TimelinePoint): TimelinePoint {
  return { anchor, back: back + 1 };
}

/** Whether one point of a room's timeline comes before another. */
export function isBefore(a: TimelinePoint, b: TimelinePoint): boolean {
  return a.anchor < b.anchor || (a.anchor === b.anchor && a.back < b.back);
}

/** The token for the point just before an event of a room's timeline, in the order of (anchor, back). */
export function timelineToken({ anchor, back }: TimelinePoint): string {
  return `t${anchor}_${back}`;
}

/** The point of a sync's token as it stands in it; null when the text is none, or says nothing of account data. */
export function parseSyncPoint(text: string): SyncPoint | null {
  const match = SYNC_TOKEN.exec(text);
  return match?.[2] === undefined ? null : { position: Number(match[1]), change: Number(match[2]) };
}

/** The position of the log, or null when the text is no such token. */
export function parseSyncToken(text: string): number | null {
  const match = SYNC_TOKEN.exec(text);
  return match === null ? null : Number(match[1]);
}

/** The place, or null when the text is no such token. */
export function parseTimelineToken(text: string): TimelinePoint | null {
  const match = TIMELINE_TOKEN.exec(text);
  return match === null ? null : { anchor: Number(match[1]), back: Number(match[2]) };
}

/**
 * The point a sync goes on from. Throws M_INVALID_PARAM for no token of ours and for one the log has not reached. A token
 * that says nothing of account data, or more than `head` knows, is one that has seen none of it.
 */
export function sincePoint(text: string, head: SyncPoint): SyncPoint {
  const match = SYNC_TOKEN.exec(text);
  const [position, change] = [Number(match?.[1] ?? NaN), Number(match?.[2] ?? 0)];
  if (Number.isNaN(position) || position > head.position) {
    throw new MatrixError('M_INVALID_PARAM', 'since is not a token that this server gave.');
  }
  return { position, change: change > head.change ? 0 : change };
}

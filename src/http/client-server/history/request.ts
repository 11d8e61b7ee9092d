/** What requests for a room's history name: an event of it that the caller sees, a point of its timeline. */
import type { Db } from '../../../database/database.ts';
import { eventById, roomPositionAt, timelineRowsOf, type TimelinePoint } from '../../../log/read.ts';
import { MatrixError } from '../../../matrix/errors.ts';
import type { RoomId } from '../../../matrix/identifiers.ts';
import { isBefore, parseSyncToken, parseTimelineToken } from '../pagination-token.ts';
import { seenRows, type SeenRow, type SightDeps } from './sight.ts';
import { standpointOf } from './standpoint.ts';

export const BEGINNING: TimelinePoint = { anchor: 0, back: 0 };

/** Throws M_NOT_FOUND for an event that is not there, and the same for one that the reader does not see. */
export async function eventSeenBy(deps: SightDeps, roomId: RoomId, eventId: string, userId: string): Promise<SeenRow> {
  const event = await eventById(deps.db, eventId, roomId);
  const rows = event === null ? [] : await timelineRowsOf(deps.db, [event]);
  const standpoint = await standpointOf(deps.db, roomId, userId);
  const [seen] = await seenRows(
    deps,
    rows.map((row) => ({ standpoint, row })),
  );
  if (seen === undefined) throw new MatrixError('M_NOT_FOUND', 'There is no such event.');
  return seen;
}

/** Where a token points to in a room's timeline. Throws M_INVALID_PARAM for none of ours. */
export async function pointIn(db: Db, roomId: RoomId, name: string, token: string): Promise<TimelinePoint> {
  const position = parseSyncToken(token);
  if (position !== null) return { anchor: await roomPositionAt(db, roomId, position), back: 1 };
  const point = parseTimelineToken(token);
  if (point === null) throw new MatrixError('M_INVALID_PARAM', `${name} is not a token of this server.`);
  return point;
}

/** The earlier of two points. */
export function earlier(a: TimelinePoint, b: TimelinePoint): TimelinePoint {
  return isBefore(a, b) ? a : b;
}

/** GET /rooms/{roomId}/members: the member events of a room, now or at a point of its timeline. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { isMembership, MEMBERSHIPS, type Membership } from '../../matrix/pdu.ts';
import type { Db } from '../../database/database.ts';
import { roomPositionAt } from '../../log/read.ts';
import { refAtTimelinePoint } from '../../projections/sync-departures.ts';
import { endpoint } from '../endpoint.ts';
import { ClientEvents } from './answers.ts';
import { eventList } from './long-lists.ts';
import { parseSyncToken, parseTimelineToken } from './pagination-token.ts';
import { roomIdIn } from './room-request.ts';
import { membersInView, viewOfRoom, type RoomView } from './room-view.ts';

/** With both `membership` and `not_membership`, members that match either (client-server API, getMembersByRoom). */
export const getMembersByRoom = endpoint({
  summary: 'Tells the member events of a room.',
  method: 'GET',
  path: '/_matrix/client/v3/rooms/:roomId/members',
  auth: 'user',
  query: { at: 'one', membership: 'one', not_membership: 'one' },
  answer: Type.Object({ chunk: ClientEvents }),
  errors: ['M_FORBIDDEN'],
  async handle({ db, now }, { params, query, caller }) {
    const roomId = roomIdIn(params.roomId);
    const wanted = wantedMemberships(membershipIn(query.membership), membershipIn(query.not_membership));
    const newest = await viewOfRoom(db, roomId, caller.userId);
    const view = query.at === undefined ? newest : await viewAt(db, roomId, newest, query.at);
    const members = await membersInView(db, roomId, view, wanted);
    return eventList(db, roomId, members, { now: now(), head: '{"chunk":[', tail: ']}' });
  },
});

function membershipIn(value: string | undefined): Membership | undefined {
  if (value === undefined || isMembership(value)) return value;
  throw new MatrixError('M_INVALID_PARAM', 'There is no such membership.');
}

function wantedMemberships(is: Membership | undefined, isNot: Membership | undefined): readonly Membership[] {
  if (is === undefined && isNot === undefined) return MEMBERSHIPS;
  return MEMBERSHIPS.filter((membership) => membership === is || (isNot !== undefined && membership !== isNot));
}

/** The view at a token, never newer than what the user may see at all. */
async function viewAt(db: Db, roomId: string, newest: RoomView, token: string): Promise<RoomView> {
  const position = parseSyncToken(token);
  const point = parseTimelineToken(token);
  if (position === null && point === null)
    throw new MatrixError('M_INVALID_PARAM', 'at is not a token of this server.');
  const asked =
    position !== null
      ? { line: 0, at: await roomPositionAt(db, roomId, position) }
      : await refAtTimelinePoint(db, roomId, point!);
  return newest !== 'current' && asked.at > newest.at ? newest : asked;
}

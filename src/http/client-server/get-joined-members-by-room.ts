/** GET /rooms/{roomId}/joined_members: who is in a room, by name and picture. */
import { Type } from 'typebox';
import { notInRoom } from '../../commands/act.ts';
import { memberPositions } from '../../projections/members.ts';
import { membershipOf } from '../../projections/room-state.ts';
import { endpoint } from '../endpoint.ts';
import { profileList } from './long-lists.ts';
import { roomIdIn } from './room-request.ts';

const MemberProfile = Type.Object({
  display_name: Type.Optional(Type.String()),
  avatar_url: Type.Optional(Type.String()),
});

/** For those alone who are in it themselves (client-server API, getJoinedMembersByRoom). */
export const getJoinedMembersByRoom = endpoint({
  summary: 'Tells who is in a room, by name and picture.',
  method: 'GET',
  path: '/_matrix/client/v3/rooms/:roomId/joined_members',
  auth: 'user',
  answer: Type.Object({ joined: Type.Record(Type.String(), MemberProfile) }),
  errors: ['M_FORBIDDEN'],
  async handle({ db }, { params, caller }) {
    const roomId = roomIdIn(params.roomId);
    const standing = await membershipOf(db, roomId, caller.userId);
    if (standing?.membership !== 'join') throw notInRoom();
    return profileList(db, roomId, await memberPositions(db, roomId, ['join']));
  },
});

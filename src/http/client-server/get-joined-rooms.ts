/** GET /joined_rooms: the rooms that the caller is in. */
import { Type } from 'typebox';
import { joinedRoomsOf } from '../../projections/members.ts';
import { endpoint } from '../endpoint.ts';

export const getJoinedRooms = endpoint({
  summary: 'Tells which rooms one is joined to.',
  method: 'GET',
  path: '/_matrix/client/v3/joined_rooms',
  auth: 'user',
  answer: Type.Object({ joined_rooms: Type.Array(Type.String()) }),
  errors: [],
  async handle({ db }, { caller }) {
    return { joined_rooms: await joinedRoomsOf(db, caller.userId) };
  },
});

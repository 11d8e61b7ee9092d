/** GET /joined_rooms: the rooms that the caller is in. */
import { joinedRoomsOf } from '../../projections/members.ts';
import { endpoint } from '../endpoint.ts';

export const getJoinedRooms = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/joined_rooms',
  auth: 'user',
  async handle({ db }, { caller }) {
    return { joined_rooms: await joinedRoomsOf(db, caller.userId) };
  },
});

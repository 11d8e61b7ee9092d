/** GET /rooms/{roomId}/aliases: this server's aliases that lead to a room, for its members; for anybody where all may read. */
import { Type } from 'typebox';
import { MAX_ALIASES } from '../../commands/aliases.ts';
import { notInRoom } from '../../commands/act.ts';
import { aliasesOfRoom } from '../../directory/aliases.ts';
import { membershipOf } from '../../projections/room-state.ts';
import { endpoint } from '../endpoint.ts';
import { roomIdIn } from './room-request.ts';
import { isWorldReadable } from './history/standpoint.ts';

export const getLocalAliases = endpoint({
  summary: 'Tells the aliases that this server has of a room.',
  method: 'GET',
  path: '/_matrix/client/v3/rooms/:roomId/aliases',
  auth: 'user',
  answer: Type.Object({ aliases: Type.Array(Type.String()) }),
  errors: ['M_FORBIDDEN'],
  async handle({ db }, { params, caller }) {
    const roomId = roomIdIn(params.roomId);
    const standing = await membershipOf(db, roomId, caller.userId);
    if (standing?.membership !== 'join' && !(await isWorldReadable(db, roomId))) throw notInRoom();
    return { aliases: await aliasesOfRoom(db, roomId, MAX_ALIASES) };
  },
});

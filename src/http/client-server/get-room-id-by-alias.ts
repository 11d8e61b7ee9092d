/** GET /directory/room: the room that an alias leads to, and the servers that know it. */
import { Type } from 'typebox';
import { serversInRoom } from '../../directory/aliases.ts';
import { parseRoomAlias, serverOf } from '../../matrix/identifiers.ts';
import { endpoint } from '../endpoint.ts';
import { targetOfAlias } from './room-address.ts';

const MAX_SERVERS = 100;

export const getRoomIdByAlias = endpoint({
  summary: 'Tells where an alias leads.',
  method: 'GET',
  path: '/_matrix/client/v3/directory/room/:roomAlias',
  auth: 'none',
  answer: Type.Object({ room_id: Type.String(), servers: Type.Array(Type.String()) }),
  errors: ['M_NOT_FOUND', 'M_LIMIT_EXCEEDED', ['M_UNKNOWN', 502]],
  async handle(parts, { params, signal }) {
    const { serverName } = parts.identity;
    const { roomId, servers } = await targetOfAlias(parts, params.roomAlias, signal);
    const alias = parseRoomAlias(params.roomAlias);
    if (alias !== null && serverOf(alias) !== serverName) return { room_id: roomId, servers };
    const inRoom = await serversInRoom(parts.db, roomId, MAX_SERVERS);
    // Ourselves first, even when nobody here is left in the room: who asks us may be told more than others know.
    return { room_id: roomId, servers: [...new Set([serverName, ...inRoom])] };
  },
});

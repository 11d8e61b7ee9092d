/** GET /directory/room: the room that an alias leads to, and the servers that know it. */
import { serversInRoom } from '../../directory/aliases.ts';
import { endpoint } from '../endpoint.ts';
import { roomOfAlias } from './room-address.ts';

const MAX_SERVERS = 100;

export const getRoomIdByAlias = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/directory/room/:roomAlias',
  auth: 'none',
  async handle(parts, { params }) {
    const { serverName } = parts.identity;
    const roomId = await roomOfAlias(parts, params.roomAlias);
    const inRoom = await serversInRoom(parts.db, roomId, MAX_SERVERS);
    // Ourselves first, even when nobody here is left in the room: who asks us may be told more than others know.
    return { room_id: roomId, servers: [...new Set([serverName, ...inRoom])] };
  },
});

/** POST /rooms/{roomId}/join: enters a room. */
import { joinRoom } from '../../commands/join.ts';
import { endpoint } from '../endpoint.ts';
import { JoinBody, refuseThirdPartySigned } from './join-room.ts';
import { roomIdIn } from './room-request.ts';
import { serverCandidates } from './server-candidates.ts';

export const joinRoomById = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/join',
  auth: 'user',
  body: JoinBody,
  bodyOptional: true,
  async handle(parts, { params, body, caller }) {
    refuseThirdPartySigned(body);
    const roomId = roomIdIn(params.roomId);
    const via = serverCandidates({ via: [], server_name: [] }, roomId, parts.identity.serverName);
    await joinRoom(parts.commands, caller, { roomId, via, reason: body.reason });
    return { room_id: roomId };
  },
});

/** POST /rooms/{roomId}/join: enters a room. */
import { joinRoom } from '../../commands/join.ts';
import { endpoint } from '../endpoint.ts';
import { RoomNamed } from './answers.ts';
import { JoinBody, refuseThirdPartySigned } from './join-room.ts';
import { roomIdIn } from './room-request.ts';
import { serverCandidates } from './server-candidates.ts';

export const joinRoomById = endpoint({
  summary: 'Joins a room named by its id.',
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/join',
  auth: 'user',
  body: JoinBody,
  bodyOptional: true,
  answer: RoomNamed,
  errors: [
    'M_INCOMPATIBLE_ROOM_VERSION',
    'M_FORBIDDEN',
    'M_NOT_FOUND',
    'M_UNABLE_TO_AUTHORISE_JOIN',
    'M_UNABLE_TO_GRANT_JOIN',
    'M_LIMIT_EXCEEDED',
    ['M_UNKNOWN', 502],
  ],
  async handle(parts, { params, body, caller }) {
    refuseThirdPartySigned(body);
    const roomId = roomIdIn(params.roomId);
    const via = serverCandidates({ via: [], server_name: [] }, [], roomId, parts.identity.serverName);
    await joinRoom(parts.commands, caller, { roomId, via, reason: body.reason });
    return { room_id: roomId };
  },
});

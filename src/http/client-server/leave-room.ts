/** POST /rooms/{roomId}/leave: leaves a room, declines its invite or takes a knock back. */
import { leaveRoom as leave } from '../../commands/leave.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { ReasonBody, roomIdIn } from './room-request.ts';

export const leaveRoom = endpoint({
  summary: 'Leaves a room, declines an invite or takes a knock back.',
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/leave',
  auth: 'user',
  body: ReasonBody,
  bodyOptional: true,
  answer: Nothing,
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND', 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params, body, caller }) {
    await leave(parts.commands, caller, { roomId: roomIdIn(params.roomId), reason: body.reason });
    return {};
  },
});

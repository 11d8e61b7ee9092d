/** POST /rooms/{roomId}/kick: removes a member, revokes an invite or rejects a knock. */
import { kickUser } from '../../commands/leave.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { TargetBody, roomIdIn, targetIn } from './room-request.ts';

export const kick = endpoint({
  summary: 'Puts a user out of a room, revokes their invite or rejects their knock.',
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/kick',
  auth: 'user',
  body: TargetBody,
  answer: Nothing,
  errors: ['M_FORBIDDEN', 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params, body, caller }) {
    const input = { roomId: roomIdIn(params.roomId), userId: targetIn(body), reason: body.reason };
    await kickUser(parts.commands, caller, input);
    return {};
  },
});

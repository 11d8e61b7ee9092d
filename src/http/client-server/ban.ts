/** POST /rooms/{roomId}/ban: puts somebody out for good. */
import { banUser } from '../../commands/ban.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { TargetBody, roomIdIn, targetIn } from './room-request.ts';

export const ban = endpoint({
  summary: 'Bans a user from a room.',
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/ban',
  auth: 'user',
  body: TargetBody,
  answer: Nothing,
  errors: ['M_FORBIDDEN', 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params, body, caller }) {
    const input = { roomId: roomIdIn(params.roomId), userId: targetIn(body), reason: body.reason };
    await banUser(parts.commands, caller, input);
    return {};
  },
});

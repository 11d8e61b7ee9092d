/** POST /rooms/{roomId}/unban: lifts a ban. */
import { unbanUser } from '../../commands/leave.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { TargetBody, roomIdIn, targetIn } from './room-request.ts';

export const unban = endpoint({
  summary: 'Lifts a ban.',
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/unban',
  auth: 'user',
  body: TargetBody,
  answer: Nothing,
  errors: ['M_FORBIDDEN', 'M_BAD_STATE', 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params, body, caller }) {
    const input = { roomId: roomIdIn(params.roomId), userId: targetIn(body), reason: body.reason };
    await unbanUser(parts.commands, caller, input);
    return {};
  },
});

/** POST /rooms/{roomId}/invite: invites somebody, which accepts their knock if there is one. */
import { inviteUser as invite } from '../../commands/invite.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { TargetBody, roomIdIn, targetIn } from './room-request.ts';

export const inviteUser = endpoint({
  summary: 'Invites a user to a room, or accepts their knock.',
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/invite',
  auth: 'user',
  body: TargetBody,
  answer: Nothing,
  errors: ['M_FORBIDDEN', 'M_INVITE_BLOCKED', 'M_UNSUPPORTED_ROOM_VERSION', 'M_LIMIT_EXCEEDED', ['M_UNKNOWN', 502]],
  async handle(parts, { params, body, caller }) {
    const input = { roomId: roomIdIn(params.roomId), userId: targetIn(body), reason: body.reason };
    await invite(parts.commands, caller, input);
    return {};
  },
});

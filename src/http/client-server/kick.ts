/** POST /rooms/{roomId}/kick: removes a member, revokes an invite or rejects a knock. */
import { kickUser } from '../../commands/leave.ts';
import { endpoint } from '../endpoint.ts';
import { TargetBody, roomIdIn, targetIn } from './room-request.ts';

export const kick = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/kick',
  auth: 'user',
  body: TargetBody,
  async handle(parts, { params, body, caller }) {
    const input = { roomId: roomIdIn(params.roomId), userId: targetIn(body), reason: body.reason };
    await kickUser(parts.commands, caller, input);
    return {};
  },
});

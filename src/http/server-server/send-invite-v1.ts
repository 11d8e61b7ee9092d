/** PUT /invite, version 1: for rooms of versions that are not spoken here. */
import { Type } from 'typebox';
import { incompatible } from '../../commands/elsewhere/receive-invite.ts';
import { endpoint } from '../endpoint.ts';

export const sendInviteV1 = endpoint({
  summary: 'Refuses an invite to a room of version 1 or 2.',
  method: 'PUT',
  path: '/_matrix/federation/v1/invite/:roomId/:eventId',
  auth: 'server',
  body: Type.Object({}),
  answer: Type.Object({}),
  errors: ['M_INCOMPATIBLE_ROOM_VERSION'],
  handle() {
    throw incompatible('1');
  },
});

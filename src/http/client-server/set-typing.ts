/** PUT /rooms/{roomId}/typing/{userId}: taken from members and told to nobody. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { memberOf, ownUserId } from './own-account.ts';

export const setTyping = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/rooms/:roomId/typing/:userId',
  auth: 'user',
  body: Type.Object({ typing: Type.Boolean(), timeout: Type.Optional(Type.Integer()) }),
  summary: 'Takes note that a member types and tells nobody.',
  errors: ['M_FORBIDDEN'],
  answer: Nothing,
  async handle({ db }, { params, caller }) {
    ownUserId(caller, params.userId);
    await memberOf(db, params.roomId, caller);
    return {};
  },
});

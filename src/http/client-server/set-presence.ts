/** PUT /presence/{userId}/status: taken and told to nobody, as on any server that keeps presence switched off. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { ownUserId } from './own-account.ts';

export const setPresence = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/presence/:userId/status',
  auth: 'user',
  body: Type.Object({
    presence: Type.Union([Type.Literal('online'), Type.Literal('offline'), Type.Literal('unavailable')]),
    status_msg: Type.Optional(Type.String()),
  }),
  summary: 'Takes one’s presence and tells nobody: presence is not kept here.',
  errors: ['M_FORBIDDEN'],
  answer: Nothing,
  handle(_parts, { params, caller }) {
    ownUserId(caller, params.userId);
    return {};
  },
});

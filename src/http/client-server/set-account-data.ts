/** PUT /user/{userId}/account_data/{type}: keeps something about no room in particular. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { changeOwn, ownUserId, writableType } from './own-account.ts';

export const setAccountData = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/user/:userId/account_data/:type',
  auth: 'user',
  body: Type.Object({}),
  numbers: 'any',
  summary: 'Keeps something about no room in particular; `/sync` tells of it.',
  errors: ['M_FORBIDDEN', ['M_BAD_JSON', 405]],
  answer: Nothing,
  async handle(parts, { params, body, caller }) {
    const userId = ownUserId(caller, params.userId);
    await changeOwn(parts, { userId, roomId: null, type: writableType(params.type) }, () => body);
    return {};
  },
});

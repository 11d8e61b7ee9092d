/** PUT /user/{userId}/rooms/{roomId}/account_data/{type}: keeps something about a room, whether or not one is in it. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { changeOwn, ownUserId, writableType } from './own-account.ts';
import { roomIdIn } from './room-request.ts';

export const setAccountDataPerRoom = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/user/:userId/rooms/:roomId/account_data/:type',
  auth: 'user',
  body: Type.Object({}),
  numbers: 'any',
  summary: 'Keeps something about a room; `/sync` tells of it.',
  errors: ['M_FORBIDDEN', ['M_BAD_JSON', 405]],
  answer: Nothing,
  async handle(parts, { params, body, caller }) {
    const userId = ownUserId(caller, params.userId);
    const roomId = roomIdIn(params.roomId);
    await changeOwn(parts, { userId, roomId, type: writableType(params.type) }, () => body);
    return {};
  },
});

/** GET /user/{userId}/rooms/{roomId}/account_data/{type}: what a user keeps about a room. */
import { Type } from 'typebox';
import { readAccountData } from '../../accounts/account-data.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { ownUserId } from './own-account.ts';
import { roomIdIn } from './room-request.ts';

export const getAccountDataPerRoom = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/user/:userId/rooms/:roomId/account_data/:type',
  auth: 'user',
  summary: 'What one keeps about a room.',
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND'],
  answer: Type.Object({}),
  async handle({ db }, { params: { userId, roomId, type }, caller }) {
    const key = { userId: ownUserId(caller, userId), roomId: roomIdIn(roomId), type };
    const content = await readAccountData(db, key);
    if (content === null) throw new MatrixError('M_NOT_FOUND', 'There is no account data of this type.');
    return content;
  },
});

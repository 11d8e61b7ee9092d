/** GET /user/{userId}/account_data/{type}: what a user keeps about no room in particular. */
import { Type } from 'typebox';
import { readAccountData } from '../../accounts/account-data.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { ownUserId, shownContent } from './own-account.ts';

export const getAccountData = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/user/:userId/account_data/:type',
  auth: 'user',
  summary: 'What one keeps about no room in particular.',
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND'],
  answer: Type.Object({}),
  async handle({ db }, { params: { userId, type }, caller }) {
    const owner = ownUserId(caller, userId);
    const content = shownContent(owner, type, await readAccountData(db, { userId: owner, roomId: null, type }));
    if (content === null) throw new MatrixError('M_NOT_FOUND', 'There is no account data of this type.');
    return content;
  },
});

/** Taking one's own display name away. */
import { setDisplayName } from '../../accounts/profiles.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';

export const deleteProfileField = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/profile/:userId/:keyName',
  auth: 'user',
  async handle({ db }, { params: { userId, keyName }, caller }) {
    if (userId !== caller.userId) throw new MatrixError('M_FORBIDDEN', 'This is not your profile.');
    if (keyName !== 'displayname') throw new MatrixError('M_INVALID_PARAM', 'This server keeps display names only.');
    await setDisplayName(db, caller.userId, null);
    return {};
  },
});

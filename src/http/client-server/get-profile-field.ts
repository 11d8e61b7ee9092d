/** One field of somebody's profile. */
import { profileField } from '../../accounts/profile-fields.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { localUser } from './local-user.ts';

export const getProfileField = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/profile/:userId/:keyName',
  auth: 'none',
  async handle({ db, identity }, { params: { userId, keyName } }) {
    const value = await profileField(db, await localUser(db, identity.serverName, userId), keyName);
    if (value === undefined) throw new MatrixError('M_NOT_FOUND', `The profile has no ${keyName.slice(0, 50)}.`);
    return { [keyName]: value };
  },
});

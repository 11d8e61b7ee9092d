/** One field of somebody's profile. */
import { profileOf } from '../../accounts/profiles.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { localUser } from './local-user.ts';

export const getProfileField = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/profile/:userId/:keyName',
  auth: 'none',
  async handle({ db, identity }, { params: { userId, keyName } }) {
    const profile = await profileOf(db, await localUser(db, identity.serverName, userId));
    const value = keyName === 'displayname' || keyName === 'avatar_url' ? profile[keyName] : null;
    if (value === null) throw new MatrixError('M_NOT_FOUND', `The profile has no ${keyName.slice(0, 50)}.`);
    return { [keyName]: value };
  },
});

/** Somebody's whole profile. */
import { wholeProfile } from '../../accounts/profile-fields.ts';
import { endpoint } from '../endpoint.ts';
import { localUser } from './local-user.ts';

export const getUserProfile = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/profile/:userId',
  auth: 'none',
  async handle({ db, identity }, { params: { userId } }) {
    return wholeProfile(db, await localUser(db, identity.serverName, userId));
  },
});

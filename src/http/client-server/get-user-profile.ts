/** Somebody's whole profile. */
import { profileOf } from '../../accounts/profiles.ts';
import { endpoint } from '../endpoint.ts';
import { localUser } from './local-user.ts';

export const getUserProfile = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/profile/:userId',
  auth: 'none',
  async handle({ db, identity }, { params: { userId } }) {
    const { displayname, avatar_url } = await profileOf(db, await localUser(db, identity.serverName, userId));
    return { ...(displayname === null ? {} : { displayname }), ...(avatar_url === null ? {} : { avatar_url }) };
  },
});

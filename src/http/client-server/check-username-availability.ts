/** Whether a user name is free. */
import { newUserId } from '../../accounts/users.ts';
import { endpoint } from '../endpoint.ts';

export const checkUsernameAvailability = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/register/available',
  auth: 'none',
  query: { username: 'needed' },
  async handle({ db, identity }, { query: { username } }) {
    await newUserId(db, username, identity.serverName);
    return { available: true };
  },
});

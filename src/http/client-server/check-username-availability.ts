/** Whether a user name is free. */
import { newUserId } from '../../accounts/users.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';

export const checkUsernameAvailability = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/register/available',
  auth: 'none',
  query: { username: 'one' },
  async handle({ db, identity }, { query: { username } }) {
    if (username === undefined) throw new MatrixError('M_MISSING_PARAM', 'username is missing.');
    await newUserId(db, username, identity.serverName);
    return { available: true };
  },
});

/** Whether a user name is free. */
import { Type } from 'typebox';
import { newUserId } from '../../accounts/users.ts';
import { endpoint } from '../endpoint.ts';

export const checkUsernameAvailability = endpoint({
  summary: 'Tells whether a user name is free.',
  method: 'GET',
  path: '/_matrix/client/v3/register/available',
  auth: 'none',
  query: { username: 'needed' },
  answer: Type.Object({ available: Type.Boolean() }),
  errors: ['M_USER_IN_USE', 'M_INVALID_USERNAME'],
  async handle({ db, identity }, { query: { username } }) {
    await newUserId(db, username, identity.serverName);
    return { available: true };
  },
});

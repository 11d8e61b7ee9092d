/** Somebody's whole profile. */
import { Type } from 'typebox';
import { wholeProfile } from '../../accounts/profile-fields.ts';
import { endpoint } from '../endpoint.ts';
import { localUser } from './local-user.ts';

export const getUserProfile = endpoint({
  summary: "Tells somebody's profile.",
  method: 'GET',
  path: '/_matrix/client/v3/profile/:userId',
  auth: 'none',
  answer: Type.Object({}),
  errors: ['M_NOT_FOUND'],
  async handle({ db, identity }, { params: { userId } }) {
    return wholeProfile(db, await localUser(db, identity.serverName, userId));
  },
});

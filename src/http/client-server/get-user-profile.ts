/** Somebody's whole profile. */
import { Type } from 'typebox';
import { wholeProfile } from '../../accounts/profile-fields.ts';
import { endpoint } from '../endpoint.ts';
import { localUser } from './local-user.ts';
import { remoteProfile, remoteUser } from './remote-profile.ts';

export const getUserProfile = endpoint({
  summary: "Tells somebody's profile.",
  method: 'GET',
  path: '/_matrix/client/v3/profile/:userId',
  auth: 'none',
  answer: Type.Object({}),
  errors: ['M_NOT_FOUND', 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params: { userId }, signal }) {
    const elsewhere = remoteUser(parts, userId);
    if (elsewhere !== null) return remoteProfile(parts, elsewhere, null, signal);
    const { db, identity } = parts;
    return wholeProfile(db, await localUser(db, identity.serverName, userId));
  },
});

/** One field of somebody's profile. */
import { Type } from 'typebox';
import { profileField } from '../../accounts/profile-fields.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { localUser } from './local-user.ts';

export const getProfileField = endpoint({
  summary: "Tells one field of somebody's profile.",
  method: 'GET',
  path: '/_matrix/client/v3/profile/:userId/:keyName',
  auth: 'none',
  answer: Type.Object({}),
  errors: ['M_NOT_FOUND'],
  async handle({ db, identity }, { params: { userId, keyName } }) {
    const value = await profileField(db, await localUser(db, identity.serverName, userId), keyName);
    if (value === undefined) throw new MatrixError('M_NOT_FOUND', `The profile has no ${keyName.slice(0, 50)}.`);
    return { [keyName]: value };
  },
});

/** GET /query/profile: what somebody of this server shows of themselves. */
import { Type } from 'typebox';
import { profileField, wholeProfile } from '../../accounts/profile-fields.ts';
import { userExists } from '../../accounts/users.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseUserId, serverOf } from '../../matrix/identifiers.ts';
import { endpoint } from '../endpoint.ts';

export const queryProfile = endpoint({
  summary: 'Tells the profile of a user of this server, or one field of it.',
  method: 'GET',
  path: '/_matrix/federation/v1/query/profile',
  auth: 'server',
  query: { user_id: 'needed', field: 'one' },
  answer: Type.Object({}),
  errors: ['M_INVALID_PARAM', 'M_NOT_FOUND'],
  async handle({ db, identity }, { query: { user_id, field } }) {
    const userId = parseUserId(user_id);
    if (userId === null || serverOf(userId) !== identity.serverName)
      throw new MatrixError('M_INVALID_PARAM', 'user_id is none of this server.');
    if (!(await userExists(db, userId))) throw new MatrixError('M_NOT_FOUND', 'There is no such user here.');
    if (field === undefined) return wholeProfile(db, userId);
    const value = await profileField(db, userId, field);
    // A field that is not set is no reason to doubt that the user exists.
    return value === undefined ? {} : { [field]: value };
  },
});

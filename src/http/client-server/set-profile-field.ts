/** PUT /profile/{userId}/{keyName}: sets a field of one's own profile. */
import { Type } from 'typebox';
import { checkProfileKey, checkProfileValue, isShown } from '../../accounts/profile-fields.ts';
import { setProfileField as set } from '../../commands/set-profile-field.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { profileOwner } from './local-user.ts';

export const setProfileField = endpoint({
  summary: "Sets a field of one's profile.",
  method: 'PUT',
  path: '/_matrix/client/v3/profile/:userId/:keyName',
  auth: 'user',
  body: Type.Object({}),
  answer: Nothing,
  errors: ['M_FORBIDDEN', 'M_MISSING_PARAM', 'M_KEY_TOO_LARGE', 'M_PROFILE_TOO_LARGE', 'M_LIMIT_EXCEEDED'],
  async handle({ commands, aftercare }, { params: { userId, keyName: key }, body, caller }) {
    const owner = profileOwner(userId);
    checkProfileKey(key);
    const value = Object.hasOwn(body, key) ? body[key] : undefined;
    if (value === undefined) throw new MatrixError('M_MISSING_PARAM', `${key} is missing.`);
    checkProfileValue(key, value);
    // Clients take a name or a picture away by setting it to nothing.
    const change = { userId: owner, key, value: isShown(key) && value === '' ? undefined : value };
    await set(commands, caller, change);
    if (isShown(key)) await aftercare.attend(owner);
    return {};
  },
});

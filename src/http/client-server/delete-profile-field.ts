/** DELETE /profile/{userId}/{keyName}: takes a field of one's own profile away. */
import { checkProfileKey, isShown } from '../../accounts/profile-fields.ts';
import { setProfileField } from '../../commands/set-profile-field.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { profileOwner } from './local-user.ts';

export const deleteProfileField = endpoint({
  summary: "Takes a field of one's profile away.",
  method: 'DELETE',
  path: '/_matrix/client/v3/profile/:userId/:keyName',
  auth: 'user',
  answer: Nothing,
  errors: ['M_FORBIDDEN', 'M_KEY_TOO_LARGE', 'M_LIMIT_EXCEEDED'],
  async handle({ commands, aftercare }, { params: { userId, keyName: key }, caller }) {
    const owner = profileOwner(userId);
    checkProfileKey(key);
    await setProfileField(commands, caller, { userId: owner, key, value: undefined });
    if (isShown(key)) await aftercare.attend(owner);
    return {};
  },
});

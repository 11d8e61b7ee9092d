/** Taking one's own display name away. */
import { setDisplayName } from '../../commands/set-display-name.ts';
import { endpoint } from '../endpoint.ts';
import { displayNameOf } from './local-user.ts';

export const deleteProfileField = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/profile/:userId/:keyName',
  auth: 'user',
  async handle({ commands }, { params: { userId, keyName }, caller }) {
    await setDisplayName(commands, caller, { userId: displayNameOf(userId, keyName), displayname: null });
    return {};
  },
});

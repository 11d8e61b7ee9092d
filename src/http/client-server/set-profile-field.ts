/** Setting one's own display name; other fields are not kept by this server. */
import { Type } from 'typebox';
import { setDisplayName } from '../../commands/set-display-name.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { displayNameOf } from './local-user.ts';

const MAX_BYTES = 1024;

export const setProfileField = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/profile/:userId/:keyName',
  auth: 'user',
  body: Type.Object({}),
  async handle({ commands }, { params: { userId, keyName }, body, caller }) {
    const owner = displayNameOf(userId, keyName);
    const value = Object.hasOwn(body, keyName) ? body[keyName] : undefined;
    if (value === undefined) throw new MatrixError('M_MISSING_PARAM', 'displayname is missing.');
    if (value !== null && typeof value !== 'string')
      throw new MatrixError('M_INVALID_PARAM', 'displayname must be a string.');
    if (value !== null && Buffer.byteLength(value) > MAX_BYTES)
      throw new MatrixError('M_PROFILE_TOO_LARGE', 'A display name takes at most 1,024 bytes.');
    if (value?.includes('\u0000')) throw new MatrixError('M_INVALID_PARAM', 'A display name holds no NUL.');
    await setDisplayName(commands, caller, { userId: owner, displayname: value === '' ? null : value });
    return {};
  },
});

/** One field of somebody's profile. */
import { Type } from 'typebox';
import { profileField } from '../../accounts/profile-fields.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { JsonObject, JsonValue } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { localUser } from './local-user.ts';
import { remoteProfile, remoteUser } from './remote-profile.ts';

export const getProfileField = endpoint({
  summary: "Tells one field of somebody's profile.",
  method: 'GET',
  path: '/_matrix/client/v3/profile/:userId/:keyName',
  auth: 'none',
  answer: Type.Object({}),
  errors: ['M_NOT_FOUND', 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params: { userId, keyName }, signal }) {
    const { db, identity } = parts;
    const elsewhere = remoteUser(parts, userId);
    const value =
      elsewhere === null
        ? await profileField(db, await localUser(db, identity.serverName, userId), keyName)
        : fieldOf(await remoteProfile(parts, elsewhere, keyName, signal), keyName);
    if (value === undefined) throw new MatrixError('M_NOT_FOUND', `The profile has no ${keyName.slice(0, 50)}.`);
    return { [keyName]: value };
  },
});

function fieldOf(profile: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(profile, key) ? profile[key] : undefined;
}

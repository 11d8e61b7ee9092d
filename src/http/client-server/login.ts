/** Signing in with a password. */
import { Type } from 'typebox';
import { logIn } from '../../accounts/access-tokens.ts';
import { checkPassword, localUserId } from '../../accounts/users.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { deviceFields } from './device-fields.ts';

export const login = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/login',
  auth: 'none',
  body: Type.Object({
    type: Type.String(),
    identifier: Type.Optional(Type.Object({ type: Type.String() })),
    user: Type.Optional(Type.String()),
    password: Type.Optional(Type.String()),
    ...deviceFields,
  }),
  async handle({ db, identity, now, limits }, { body, ip }) {
    if (body.type !== 'm.login.password')
      throw new MatrixError('M_UNKNOWN', 'This server knows m.login.password.', { status: 400 });
    const user = userOf(body);
    if (typeof body.password !== 'string') throw new MatrixError('M_BAD_JSON', 'password is missing.');
    const named = localUserId(user, identity.serverName);
    limits.consume('login', ip, named ?? '');
    const userId = await checkPassword(db, named, body.password);
    const device = { deviceId: body.device_id, displayName: body.initial_device_display_name };
    const { accessToken, deviceId } = await logIn(db, { userId, ...device, now: now() });
    return { user_id: userId, access_token: accessToken, device_id: deviceId, home_server: identity.serverName };
  },
});

/** The name in `identifier`, or where clients of old put it. Throws M_BAD_JSON without one. */
function userOf(body: JsonObject): string {
  const identifier = body['identifier'];
  const user: JsonValue | undefined = isJsonObject(identifier) ? identifier['user'] : body['user'];
  const known = !isJsonObject(identifier) || identifier['type'] === 'm.id.user';
  if (!known || typeof user !== 'string')
    throw new MatrixError('M_BAD_JSON', 'identifier must be of type m.id.user and name a user.');
  if (user.includes('\u0000')) throw new MatrixError('M_BAD_JSON', 'A user name holds no NUL.');
  return user;
}

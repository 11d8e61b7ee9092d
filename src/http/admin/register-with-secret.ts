/** The admin registration call that existing tools use (`register_new_matrix_user`): a nonce, then an account. */
import { Type } from 'typebox';
import { logIn } from '../../accounts/access-tokens.ts';
import type { SharedSecretRegistration } from '../../accounts/shared-secret.ts';
import { setDisplayName } from '../../accounts/profiles.ts';
import { createUser, hashNewPassword, newUserId } from '../../accounts/users.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { SignedIn } from '../client-server/answers.ts';
import { NO_NUL } from '../client-server/device-fields.ts';
import { endpoint } from '../endpoint.ts';
import type { HttpParts } from '../parts.ts';

const PATH = '/_synapse/admin/v1/register';

export const getRegistrationNonce = endpoint({
  summary: 'Gives a nonce for making an account with the shared secret.',
  method: 'GET',
  path: PATH,
  auth: 'none',
  answer: Type.Object({ nonce: Type.String() }),
  errors: [['M_UNKNOWN', 400]],
  handle: (parts) => ({ nonce: served(parts).nonce() }),
});

export const registerWithSecret = endpoint({
  summary: 'Makes an account for whoever knows the shared secret.',
  method: 'POST',
  path: PATH,
  auth: 'none',
  body: Type.Object({
    nonce: Type.String({ maxLength: 100 }),
    username: Type.String(),
    password: Type.String(),
    mac: Type.String({ maxLength: 100 }),
    admin: Type.Optional(Type.Boolean()),
    user_type: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    displayname: Type.Optional(Type.String({ maxLength: 255, pattern: NO_NUL })),
  }),
  answer: SignedIn,
  errors: ['M_FORBIDDEN', 'M_USER_IN_USE', 'M_INVALID_USERNAME', 'M_LIMIT_EXCEEDED', ['M_UNKNOWN', 400]],
  async handle(parts, { body }) {
    const { nonce, username, password, mac, admin = false, user_type: userType = null } = body;
    if (!served(parts).check({ nonce, username, password, mac, admin, userType })) {
      throw new MatrixError('M_FORBIDDEN', 'The HMAC is wrong, or the nonce is not good any more.');
    }
    const { db, identity, now } = parts;
    const userId = await newUserId(db, username, identity.serverName);
    const passwordHash = await hashNewPassword(password);
    await createUser(db, { userId, passwordHash, admin, now: now() });
    if (body.displayname !== undefined) await setDisplayName(db, userId, body.displayname);
    const { accessToken, deviceId } = await logIn(db, { userId, now: now() });
    return { access_token: accessToken, user_id: userId, home_server: identity.serverName, device_id: deviceId };
  },
});

function served({ sharedSecret }: HttpParts): SharedSecretRegistration {
  if (sharedSecret !== null) return sharedSecret;
  throw new MatrixError('M_UNKNOWN', 'REGISTRATION_SHARED_SECRET is not set.', { status: 400 });
}

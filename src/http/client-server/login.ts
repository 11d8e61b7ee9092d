/** Signing in with a password. */
import { Type } from 'typebox';
import { logIn } from '../../accounts/access-tokens.ts';
import { checkPassword, localUserId } from '../../accounts/users.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { SignedIn } from './answers.ts';
import { deviceFields, tokenFields } from './device-fields.ts';
import { nameIn } from './user-identifier.ts';

export const login = endpoint({
  summary: 'Signs in.',
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
  answer: SignedIn,
  errors: [['M_UNKNOWN', 400], 'M_FORBIDDEN', 'M_USER_DEACTIVATED', 'M_LIMIT_EXCEEDED'],
  async handle({ db, identity, now, limits }, { body, ip }) {
    if (body.type !== 'm.login.password')
      throw new MatrixError('M_UNKNOWN', 'This server knows m.login.password.', { status: 400 });
    const user = nameIn(body);
    if (typeof body.password !== 'string') throw new MatrixError('M_BAD_JSON', 'password is missing.');
    const named = localUserId(user, identity.serverName);
    limits.consume('login', ip, named ?? '');
    const checked = await checkPassword(db, named, body.password);
    const device = { deviceId: body.device_id, displayName: body.initial_device_display_name };
    const made = await logIn(db, { ...checked, ...device, refreshable: body.refresh_token, now: now() });
    return {
      user_id: checked.userId,
      ...tokenFields(made),
      device_id: made.deviceId,
      home_server: identity.serverName,
    };
  },
});

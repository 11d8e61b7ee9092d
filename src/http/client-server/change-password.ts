/** POST /account/password: another password, once the caller has given the one they have. */
import { Type } from 'typebox';
import { hashNewPassword } from '../../accounts/users.ts';
import { changePassword as change } from '../../commands/change-password.ts';
import { jsonObject } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { AuthData, confirmedByPassword } from './password-stage.ts';

export const changePassword = endpoint({
  summary: 'Changes the password, after the one before was given.',
  method: 'POST',
  path: '/_matrix/client/v3/account/password',
  auth: 'user',
  body: Type.Object({
    new_password: Type.String(),
    logout_devices: Type.Optional(Type.Boolean()),
    auth: Type.Optional(AuthData),
  }),
  asksForStages: true,
  errors: ['M_INVALID_PARAM', 'M_LIMIT_EXCEEDED'],
  answer: Nothing,
  async handle(parts, { body, caller, ip }) {
    const { new_password, logout_devices, auth } = body;
    const confirmed = await confirmedByPassword(parts, {
      ...{ operation: 'changePassword', caller, ip, auth },
      wanted: async (bound) => {
        // Hashing is the work of signing in, and is counted as often; by itself, for whoever is asked twice.
        if (bound['password_hash'] === undefined) parts.limits.consume('login', ip, `new ${caller.userId}`);
        return jsonObject({
          password_hash: bound['password_hash'] ?? (await hashNewPassword(new_password)),
          logout_devices: bound['logout_devices'] ?? logout_devices ?? true,
        });
      },
    });
    if ('challenge' in confirmed) return confirmed.challenge;
    const { parameters } = confirmed;
    await change(parts.commands, caller, {
      passwordHash: parameters['password_hash'] as string,
      kept: parameters['logout_devices'] === true ? caller.deviceId : null,
    });
    return {};
  },
});

/** DELETE /devices/{deviceId}: signs one device of the caller out, once they have given their password. */
import { Type } from 'typebox';
import { endDevices } from '../../accounts/devices.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { AuthData, confirmedByPassword } from './password-stage.ts';

export const deleteDevice = endpoint({
  summary: 'Signs a device out, after the password was given.',
  method: 'DELETE',
  path: '/_matrix/client/v3/devices/:deviceId',
  auth: 'user',
  body: Type.Object({ auth: Type.Optional(AuthData) }),
  answer: Nothing,
  asksForStages: true,
  errors: ['M_LIMIT_EXCEEDED'],
  async handle(parts, { params: { deviceId }, body: { auth }, caller, ip }) {
    const operation = `deleteDevice ${deviceId}`;
    const confirmed = await confirmedByPassword(parts, { operation, caller, ip, auth, wanted: () => ({}) });
    if ('challenge' in confirmed) return confirmed.challenge;
    await endDevices(parts.db, caller.userId, [deviceId]);
    return {};
  },
});

/** DELETE /devices/{deviceId}: signs one device of the caller out, once they have given their password. */
import { Type } from 'typebox';
import { endDevices } from '../../accounts/devices.ts';
import { endpoint } from '../endpoint.ts';
import { AuthData, confirmedByPassword } from './password-stage.ts';

export const deleteDevice = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/devices/:deviceId',
  auth: 'user',
  body: Type.Object({ auth: Type.Optional(AuthData) }),
  async handle(parts, { params: { deviceId }, body: { auth }, caller, ip }) {
    const operation = `deleteDevice ${deviceId}`;
    const confirmed = await confirmedByPassword(parts, { operation, caller, ip, auth, wanted: () => ({}) });
    if ('challenge' in confirmed) return confirmed.challenge;
    await endDevices(parts.db, caller.userId, [deviceId]);
    return {};
  },
});

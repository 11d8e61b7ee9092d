/** POST /delete_devices: signs several devices of the caller out, once they have given their password. */
import { Type } from 'typebox';
import { endDevices, MAX_DEVICES } from '../../accounts/devices.ts';
import { jsonObject } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { NO_NUL } from './device-fields.ts';
import { AuthData, confirmedByPassword } from './password-stage.ts';

export const deleteDevices = endpoint({
  summary: 'Signs devices out, after the password was given.',
  method: 'POST',
  path: '/_matrix/client/v3/delete_devices',
  auth: 'user',
  body: Type.Object({
    devices: Type.Array(Type.String({ maxLength: 255, pattern: NO_NUL }), { maxItems: MAX_DEVICES }),
    auth: Type.Optional(AuthData),
  }),
  answer: Nothing,
  asksForStages: true,
  errors: ['M_LIMIT_EXCEEDED'],
  async handle(parts, { body: { devices, auth }, caller, ip }) {
    const confirmed = await confirmedByPassword(parts, {
      ...{ operation: 'deleteDevices', caller, ip, auth },
      wanted: (bound) => jsonObject({ devices, ...bound }),
    });
    if ('challenge' in confirmed) return confirmed.challenge;
    await endDevices(parts.db, caller.userId, confirmed.parameters['devices'] as readonly string[]);
    return {};
  },
});

/** PUT /devices/{deviceId}: gives a device of the caller another name. */
import { Type } from 'typebox';
import { renameDevice } from '../../accounts/devices.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { NO_NUL } from './device-fields.ts';

export const updateDevice = endpoint({
  summary: 'Names a device.',
  method: 'PUT',
  path: '/_matrix/client/v3/devices/:deviceId',
  auth: 'user',
  body: Type.Object({ display_name: Type.Optional(Type.String({ maxLength: 255, pattern: NO_NUL })) }),
  errors: ['M_NOT_FOUND'],
  answer: Nothing,
  async handle({ db }, { params: { deviceId }, body, caller }) {
    const found = await renameDevice(db, caller.userId, deviceId, body.display_name);
    if (!found) throw new MatrixError('M_NOT_FOUND', 'You have no such device.');
    return {};
  },
});

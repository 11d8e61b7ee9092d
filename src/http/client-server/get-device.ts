/** GET /devices/{deviceId}: one device of the caller. */
import { Type } from 'typebox';
import { devicesOf } from '../../accounts/devices.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { deviceAnswer } from './device-answer.ts';

export const getDevice = endpoint({
  summary: 'Tells of one device.',
  method: 'GET',
  path: '/_matrix/client/v3/devices/:deviceId',
  auth: 'user',
  errors: ['M_NOT_FOUND'],
  answer: Type.Object({ device_id: Type.String() }),
  async handle({ db }, { params: { deviceId }, caller }) {
    const [device] = await devicesOf(db, caller.userId, deviceId);
    if (device === undefined) throw new MatrixError('M_NOT_FOUND', 'You have no such device.');
    return deviceAnswer(device);
  },
});

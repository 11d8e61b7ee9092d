/** GET /devices: where the caller is signed in. */
import { Type } from 'typebox';
import { devicesOf } from '../../accounts/devices.ts';
import { endpoint } from '../endpoint.ts';
import { deviceAnswer } from './device-answer.ts';

export const getDevices = endpoint({
  summary: 'Tells of all devices.',
  method: 'GET',
  path: '/_matrix/client/v3/devices',
  auth: 'user',
  answer: Type.Object({ devices: Type.Array(Type.Object({ device_id: Type.String() })) }),
  errors: [],
  async handle({ db }, { caller }) {
    return { devices: (await devicesOf(db, caller.userId)).map(deviceAnswer) };
  },
});

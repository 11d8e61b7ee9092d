/** GET /devices: where the caller is signed in. */
import { devicesOf } from '../../accounts/devices.ts';
import { endpoint } from '../endpoint.ts';
import { deviceAnswer } from './device-answer.ts';

export const getDevices = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/devices',
  auth: 'user',
  async handle({ db }, { caller }) {
    return { devices: (await devicesOf(db, caller.userId)).map(deviceAnswer) };
  },
});

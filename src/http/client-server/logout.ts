/** Ends the caller's device and its token. */
import { Type } from 'typebox';
import { endDevices } from '../../accounts/devices.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';

export const logout = endpoint({
  summary: 'Signs out.',
  method: 'POST',
  path: '/_matrix/client/v3/logout',
  auth: 'user',
  body: Type.Object({}),
  bodyOptional: true,
  answer: Nothing,
  errors: [],
  async handle({ db }, { caller }) {
    await endDevices(db, caller.userId, [caller.deviceId]);
    return {};
  },
});

/** Ends every device of the caller, and their tokens. */
import { Type } from 'typebox';
import { endDevices } from '../../accounts/devices.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';

export const logoutAll = endpoint({
  summary: 'Signs all devices out.',
  method: 'POST',
  path: '/_matrix/client/v3/logout/all',
  auth: 'user',
  body: Type.Object({}),
  bodyOptional: true,
  answer: Nothing,
  errors: [],
  async handle({ db }, { caller }) {
    await endDevices(db, caller.userId, 'all');
    return {};
  },
});

/** Whose token this is. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const getTokenOwner = endpoint({
  summary: 'Tells whose access token this is.',
  method: 'GET',
  path: '/_matrix/client/v3/account/whoami',
  auth: 'user',
  answer: Type.Object({ user_id: Type.String(), device_id: Type.String(), is_guest: Type.Boolean() }),
  errors: [],
  handle: (_parts, { caller }) => ({ user_id: caller.userId, device_id: caller.deviceId, is_guest: false }),
});

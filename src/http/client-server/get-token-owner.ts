/** Whose token this is. */
import { endpoint } from '../endpoint.ts';

export const getTokenOwner = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/account/whoami',
  auth: 'user',
  handle: (_parts, { caller }) => ({ user_id: caller.userId, device_id: caller.deviceId, is_guest: false }),
});

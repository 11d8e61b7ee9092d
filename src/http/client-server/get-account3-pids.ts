/** GET /account/3pid: mail addresses and telephone numbers of the caller; this server keeps none. */
import { endpoint } from '../endpoint.ts';

export const getAccount3Pids = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/account/3pid',
  auth: 'user',
  handle: () => ({ threepids: [] }),
});

/** GET /account/3pid: mail addresses and telephone numbers of the caller; this server keeps none. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const getAccount3Pids = endpoint({
  summary: 'Tells that no addresses are kept.',
  method: 'GET',
  path: '/_matrix/client/v3/account/3pid',
  auth: 'user',
  answer: Type.Object({ threepids: Type.Array(Type.Object({})) }),
  errors: [],
  handle: () => ({ threepids: [] }),
});

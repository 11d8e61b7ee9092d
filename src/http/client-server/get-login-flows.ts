/** How one can sign in. */
import { endpoint } from '../endpoint.ts';

export const getLoginFlows = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/login',
  auth: 'none',
  handle: () => ({ flows: [{ type: 'm.login.password' }] }),
});

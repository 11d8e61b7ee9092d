/** How one can sign in. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const getLoginFlows = endpoint({
  summary: 'Tells how one may sign in.',
  method: 'GET',
  path: '/_matrix/client/v3/login',
  auth: 'none',
  answer: Type.Object({ flows: Type.Array(Type.Object({ type: Type.String() })) }),
  errors: [],
  handle: () => ({ flows: [{ type: 'm.login.password' }] }),
});

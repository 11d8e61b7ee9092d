/** POST /keys/claim: there are no one-time keys here. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const claimKeys = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/keys/claim',
  auth: 'user',
  body: Type.Object({ one_time_keys: Type.Object({}), timeout: Type.Optional(Type.Integer()) }),
  summary: 'Tells that there are no one-time keys.',
  answer: Type.Object({ one_time_keys: Type.Object({}), failures: Type.Object({}) }),
  errors: [],
  handle: () => ({ one_time_keys: {}, failures: {} }),
});

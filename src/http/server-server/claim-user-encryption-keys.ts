/** POST /user/keys/claim: there are no one-time keys here. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const claimUserEncryptionKeys = endpoint({
  summary: 'Tells that there are no one-time keys.',
  method: 'POST',
  path: '/_matrix/federation/v1/user/keys/claim',
  auth: 'server',
  body: Type.Object({ one_time_keys: Type.Object({}) }),
  answer: Type.Object({ one_time_keys: Type.Object({}) }),
  errors: [],
  handle: () => ({ one_time_keys: {} }),
});

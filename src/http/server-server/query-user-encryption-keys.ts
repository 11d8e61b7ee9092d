/** POST /user/keys/query: nobody has keys of encryption here. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const queryUserEncryptionKeys = endpoint({
  summary: 'Tells that nobody has encryption keys.',
  method: 'POST',
  path: '/_matrix/federation/v1/user/keys/query',
  auth: 'server',
  body: Type.Object({ device_keys: Type.Object({}) }),
  answer: Type.Object({ device_keys: Type.Object({}) }),
  errors: [],
  handle: () => ({ device_keys: {} }),
});

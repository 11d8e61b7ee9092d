/** POST /keys/query: nobody has keys of encryption here. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const queryKeys = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/keys/query',
  auth: 'user',
  body: Type.Object({ device_keys: Type.Object({}), timeout: Type.Optional(Type.Integer()) }),
  summary: 'Tells that nobody has encryption keys.',
  answer: Type.Object({ device_keys: Type.Object({}), failures: Type.Object({}) }),
  errors: [],
  handle: (_parts, { body }) => ({
    device_keys: Object.fromEntries(Object.keys(body.device_keys).map((userId) => [userId, {}])),
    failures: {},
  }),
});

/** GET /pushers: nothing is pushed from here. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const getPushers = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushers',
  auth: 'user',
  summary: 'No pushers: nothing is pushed from here.',
  answer: Type.Object({ pushers: Type.Array(Type.Object({})) }),
  errors: [],
  handle: () => ({ pushers: [] }),
});

/** GET /pushers: nothing is pushed from here. */
import { endpoint } from '../endpoint.ts';

export const getPushers = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushers',
  auth: 'user',
  summary: 'No pushers: nothing is pushed from here.',
  handle: () => ({ pushers: [] }),
});

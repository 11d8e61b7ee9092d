/** GET /keys/changes: nobody's keys ever change, for there are none. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const getKeysChanges = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/keys/changes',
  auth: 'user',
  query: { from: 'needed', to: 'needed' },
  summary: 'Tells that nobody’s encryption keys changed.',
  answer: Type.Object({ changed: Type.Array(Type.String()), left: Type.Array(Type.String()) }),
  errors: [],
  handle: () => ({ changed: [], left: [] }),
});

/** GET /voip/turnServer: there is no TURN server here. Clients that can call ask at every start. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const getTurnServer = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/voip/turnServer',
  auth: 'user',
  summary: 'No TURN server: an empty answer.',
  answer: Type.Object({}),
  errors: [],
  handle: () => ({}),
});

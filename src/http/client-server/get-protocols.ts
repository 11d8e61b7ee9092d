/** GET /thirdparty/protocols: no bridge runs here. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';

export const getProtocols = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/thirdparty/protocols',
  auth: 'user',
  summary: 'No third-party protocols: an empty answer.',
  answer: Type.Object({}),
  errors: [],
  handle: () => ({}),
});

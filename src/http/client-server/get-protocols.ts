/** GET /thirdparty/protocols: no bridge runs here. */
import { endpoint } from '../endpoint.ts';

export const getProtocols = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/thirdparty/protocols',
  auth: 'user',
  summary: 'No third-party protocols: an empty answer.',
  handle: () => ({}),
});

/** Where clients find this server. */
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';

export const getWellknown = endpoint({
  method: 'GET',
  path: '/.well-known/matrix/client',
  auth: 'none',
  handle({ publicBaseUrl }) {
    if (publicBaseUrl === null) throw new MatrixError('M_NOT_FOUND', 'This server tells no public address.');
    return { 'm.homeserver': { base_url: publicBaseUrl } };
  },
});

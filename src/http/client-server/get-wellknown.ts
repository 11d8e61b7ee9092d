/** Where clients find this server. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';

export const getWellknown = endpoint({
  summary: 'Tells where clients find this server.',
  method: 'GET',
  path: '/.well-known/matrix/client',
  auth: 'none',
  answer: Type.Object({ 'm.homeserver': Type.Object({ base_url: Type.String() }) }),
  errors: ['M_NOT_FOUND'],
  handle({ publicBaseUrl }) {
    if (publicBaseUrl === null) throw new MatrixError('M_NOT_FOUND', 'This server tells no public address.');
    return { 'm.homeserver': { base_url: publicBaseUrl } };
  },
});

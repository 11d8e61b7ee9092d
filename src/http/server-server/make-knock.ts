/** GET /make_knock: a template for the knock of somebody who is of another server. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { made } from './handshake-request.ts';

export const makeKnock = endpoint({
  summary: 'Makes the template of a knock.',
  method: 'GET',
  path: '/_matrix/federation/v1/make_knock/:roomId/:userId',
  auth: 'server',
  query: { ver: 'many' },
  answer: Type.Object({ room_version: Type.String(), event: Type.Object({}) }),
  errors: [
    'M_INVALID_PARAM',
    'M_MISSING_PARAM',
    'M_FORBIDDEN',
    'M_NOT_FOUND',
    'M_INCOMPATIBLE_ROOM_VERSION',
    ['M_LIMIT_EXCEEDED', 403],
  ],
  handle(parts, request) {
    if (request.query.ver.length === 0) throw new MatrixError('M_MISSING_PARAM', 'ver is missing.');
    return made(parts, 'knock', request);
  },
});

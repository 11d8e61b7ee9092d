/** GET /make_join: a template for the join of somebody who is of another server. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { made } from './handshake-request.ts';

export const makeJoin = endpoint({
  summary: 'Makes the template of a join.',
  method: 'GET',
  path: '/_matrix/federation/v1/make_join/:roomId/:userId',
  auth: 'server',
  query: { ver: 'many' },
  answer: Type.Object({ room_version: Type.String(), event: Type.Object({}) }),
  errors: [
    'M_INVALID_PARAM',
    'M_FORBIDDEN',
    'M_NOT_FOUND',
    'M_INCOMPATIBLE_ROOM_VERSION',
    'M_UNABLE_TO_AUTHORISE_JOIN',
    'M_UNABLE_TO_GRANT_JOIN',
  ],
  // Whoever names no version speaks the first one alone.
  handle: (parts, { params, caller, query: { ver } }) =>
    made(parts, 'join', { params, caller, query: { ver: ver.length === 0 ? ['1'] : ver } }),
});

/** GET /make_leave: a template for the leave of somebody who is of another server. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { made } from './handshake-request.ts';

export const makeLeave = endpoint({
  summary: 'Makes the template of a leave, of a declined invite or of a retracted knock.',
  method: 'GET',
  path: '/_matrix/federation/v1/make_leave/:roomId/:userId',
  auth: 'server',
  answer: Type.Object({ room_version: Type.String(), event: Type.Object({}) }),
  errors: ['M_INVALID_PARAM', 'M_FORBIDDEN', 'M_NOT_FOUND'],
  handle: (parts, request) => made(parts, 'leave', request),
});

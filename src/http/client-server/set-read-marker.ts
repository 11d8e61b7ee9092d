/** POST /rooms/{roomId}/read_markers: keeps the fully-read marker; receipts are taken and told to nobody. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { keepFullyRead, memberOf } from './own-account.ts';

export const setReadMarker = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/read_markers',
  auth: 'user',
  body: Type.Object({
    'm.fully_read': Type.Optional(Type.String()),
    'm.read': Type.Optional(Type.String()),
    'm.read.private': Type.Optional(Type.String()),
  }),
  summary: 'Keeps the fully-read marker; receipts are told to nobody.',
  errors: ['M_FORBIDDEN'],
  answer: Nothing,
  async handle(parts, { params, body, caller }) {
    const roomId = await memberOf(parts.db, params.roomId, caller);
    if (body['m.fully_read'] !== undefined) await keepFullyRead(parts, caller, roomId, body['m.fully_read']);
    return {};
  },
});

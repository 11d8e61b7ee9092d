/** POST /rooms/{roomId}/receipt/{receiptType}/{eventId}: keeps a fully-read marker; receipts are taken and told to nobody. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { keepFullyRead, memberOf } from './own-account.ts';

const TYPES = ['m.read', 'm.read.private', 'm.fully_read'];

export const postReceipt = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/receipt/:receiptType/:eventId',
  auth: 'user',
  body: Type.Object({ thread_id: Type.Optional(Type.String()) }),
  summary: 'Keeps the fully-read marker; receipts are told to nobody.',
  errors: ['M_FORBIDDEN'],
  answer: Nothing,
  async handle(parts, { params: { receiptType, eventId, ...params }, body: { thread_id }, caller }) {
    if (!TYPES.includes(receiptType)) throw new MatrixError('M_INVALID_PARAM', 'There is no such kind of receipt.');
    if (thread_id === '' || (thread_id !== undefined && receiptType === 'm.fully_read'))
      throw new MatrixError('M_INVALID_PARAM', 'thread_id is empty, or does not go with this kind of receipt.');
    const roomId = await memberOf(parts.db, params.roomId, caller);
    if (receiptType === 'm.fully_read') await keepFullyRead(parts, caller, roomId, eventId);
    return {};
  },
});

/** GET /presence/{userId}/status: of nobody is it known. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';

export const getPresence = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/presence/:userId/status',
  auth: 'user',
  summary: 'Tells that presence is not kept here.',
  errors: ['M_NOT_FOUND'],
  answer: Type.Object({ presence: Type.String() }),
  handle() {
    throw new MatrixError('M_NOT_FOUND', 'Presence is not kept here.');
  },
});

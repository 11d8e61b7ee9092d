/** GET /room_keys/version: there is no backup of keys. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';

export const getRoomKeysVersionCurrent = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/room_keys/version',
  auth: 'user',
  summary: 'Tells that there is no backup of encryption keys.',
  errors: ['M_NOT_FOUND'],
  answer: Type.Object({
    algorithm: Type.String(),
    auth_data: Type.Object({}),
    count: Type.Integer(),
    etag: Type.String(),
    version: Type.String(),
  }),
  handle() {
    throw new MatrixError('M_NOT_FOUND', 'There is no backup of keys.');
  },
});

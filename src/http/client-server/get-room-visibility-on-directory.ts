/** GET /directory/list/room: whether a room is listed in the public directory. */
import { Type } from 'typebox';
import { visibilityOf } from '../../directory/published-rooms.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { roomsById } from '../../projections/room-queries.ts';
import { endpoint } from '../endpoint.ts';
import { roomIdIn } from './room-request.ts';

export const getRoomVisibilityOnDirectory = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/directory/list/room/:roomId',
  auth: 'none',
  summary: 'Whether a room is listed in the public directory.',
  answer: Type.Object({ visibility: Type.Union([Type.Literal('public'), Type.Literal('private')]) }),
  errors: ['M_NOT_FOUND', 'M_INVALID_PARAM'],
  async handle({ db }, { params }) {
    const roomId = roomIdIn(params.roomId);
    const [room] = await roomsById(db, [roomId]);
    if (room === null) throw new MatrixError('M_NOT_FOUND', 'This server knows no such room.');
    return { visibility: await visibilityOf(db, roomId) };
  },
});

/** POST /rooms/{roomId}/forget: a room that one is out of is shown no more, until one has to do with it again. */
import { forgetRoom as forget } from '../../accounts/forgotten-rooms.ts';
import { notInRoom } from '../../commands/act.ts';
import { outOfBandOf } from '../../log/out-of-band.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { membershipOf } from '../../projections/room-state.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { roomIdIn } from './room-request.ts';

export const forgetRoom = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/forget',
  auth: 'user',
  summary: 'Forgets a room that one is out of.',
  errors: ['M_FORBIDDEN', ['M_UNKNOWN', 400]],
  answer: Nothing,
  async handle({ db }, { params, caller: { userId } }) {
    const roomId = roomIdIn(params.roomId);
    if (await forget(db, userId, roomId)) return {};
    const standing = (await outOfBandOf(db, roomId, userId)) ?? (await membershipOf(db, roomId, userId));
    if (standing === null) throw notInRoom();
    throw new MatrixError('M_UNKNOWN', 'A room is left before it is forgotten.', { status: 400 });
  },
});

/** GET /rooms/{roomId}/state/{eventType}/{stateKey}: one piece of a room's state, as its content or as the event. */
import { Type } from 'typebox';
import { readEvents } from '../../log/read.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { clientEvent } from './client-event.ts';
import { roomIdIn } from './room-request.ts';
import { keyInView, viewOfRoom } from './room-view.ts';

export const getRoomStateWithKey = endpoint({
  summary: "Tells one piece of a room's state.",
  method: 'GET',
  path: '/_matrix/client/v3/rooms/:roomId/state/:eventType/:stateKey',
  aliases: ['/_matrix/client/v3/rooms/:roomId/state/:eventType', '/_matrix/client/v3/rooms/:roomId/state/:eventType/'],
  auth: 'user',
  query: { format: 'one' },
  answer: Type.Object({}),
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND'],
  async handle({ db, now }, { params, query, caller }) {
    const { eventType } = params;
    // Absent from the shorter path.
    const stateKey = (params.stateKey as string | undefined) ?? '';
    const { format = 'content' } = query;
    if (format !== 'content' && format !== 'event') {
      throw new MatrixError('M_INVALID_PARAM', 'format is content or event.');
    }
    const roomId = roomIdIn(params.roomId);
    const view = await viewOfRoom(db, roomId, caller.userId);
    const position = await keyInView(db, roomId, view, eventType, stateKey);
    const [event] = position === null ? [] : await readEvents(db, [{ roomId, position }]);
    if (event === undefined) throw new MatrixError('M_NOT_FOUND', 'The room has no such state.');
    return format === 'event' ? clientEvent(event, { now: now(), withRoomId: true }) : event.content;
  },
});

/** GET /rooms/{roomId}/state: the whole state of a room. */
import { endpoint } from '../endpoint.ts';
import { ClientEvents } from './answers.ts';
import { clientEvent } from './client-event.ts';
import { openEventBook } from './event-book.ts';
import { roomIdIn } from './room-request.ts';
import { stateInView, viewOfRoom } from './room-view.ts';

export const getRoomState = endpoint({
  summary: 'Tells the whole state of a room.',
  method: 'GET',
  path: '/_matrix/client/v3/rooms/:roomId/state',
  auth: 'user',
  answer: ClientEvents,
  errors: ['M_FORBIDDEN'],
  async handle({ db, now }, { params, caller }) {
    const roomId = roomIdIn(params.roomId);
    const state = await stateInView(db, roomId, await viewOfRoom(db, roomId, caller.userId));
    const book = openEventBook(db);
    await book.load(state.map(({ event }) => ({ roomId, position: event })));
    const at = now();
    return state.flatMap(({ event }) => {
      const stored = book.get(event);
      return stored === undefined ? [] : [clientEvent(stored, { now: at, withRoomId: true })];
    });
  },
});

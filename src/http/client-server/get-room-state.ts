/** GET /rooms/{roomId}/state: the whole state of a room. */
import { endpoint } from '../endpoint.ts';
import { ClientEvents } from './answers.ts';
import { eventList } from './long-lists.ts';
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
    return eventList(
      db,
      roomId,
      state.map(({ event }) => event),
      { now: now(), head: '[', tail: ']' },
    );
  },
});

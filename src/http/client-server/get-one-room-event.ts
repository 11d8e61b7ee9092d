/** GET /rooms/{roomId}/event/{eventId}: one event of a room. */
import { endpoint } from '../endpoint.ts';
import { ClientEventShape } from './answers.ts';
import { asClientEvent } from './client-event.ts';
import { openEventBook } from './event-book.ts';
import { eventSeenBy } from './history/request.ts';
import { replacedBy, tellRows } from './history/tell.ts';
import { roomIdIn } from './room-request.ts';

/** By the history visibility at the event, whatever the caller is in the room now (client-server API, getOneRoomEvent). */
export const getOneRoomEvent = endpoint({
  summary: 'Tells one event of a room.',
  method: 'GET',
  path: '/_matrix/client/v3/rooms/:roomId/event/:eventId',
  auth: 'user',
  errors: ['M_NOT_FOUND'],
  answer: ClientEventShape,
  async handle({ db, now }, { params, caller }) {
    const deps = { db, book: openEventBook(db, caller) };
    const seen = await eventSeenBy(deps, roomIdIn(params.roomId), params.eventId, caller.userId);
    const [told] = await tellRows(deps, [seen], await replacedBy(deps, [seen]), { now: now(), withRoomId: true });
    return asClientEvent(told!);
  },
});

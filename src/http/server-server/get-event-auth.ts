/** GET /event_auth: all that an event rests on. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { toldChain } from './event-state.ts';
import { pduLists } from './pdu-lists.ts';
import { roomWithServer } from './server-room.ts';

export const getEventAuth = endpoint({
  summary: 'Tells all that an event rests on, without the event, to a server in the room.',
  method: 'GET',
  path: '/_matrix/federation/v1/event_auth/:roomId/:eventId',
  auth: 'server',
  answer: Type.Object({ auth_chain: Type.Array(Type.Object({})) }),
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND'],
  async handle(parts, { params, caller: { server } }) {
    const room = await roomWithServer(parts.db, params.roomId, server);
    return pduLists(parts.db, room.roomId, { auth_chain: await toldChain(parts, room, params.eventId) });
  },
});

/** GET /event_auth: all that an event rests on. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { chainOf, toldEvent } from './event-state.ts';
import { pduLists } from './pdu-lists.ts';
import { roomWithServer } from './server-room.ts';

export const getEventAuth = endpoint({
  summary: 'Tells all that an event rests on, without the event, to a server in the room.',
  method: 'GET',
  path: '/_matrix/federation/v1/event_auth/:roomId/:eventId',
  auth: 'server',
  answer: Type.Object({ auth_chain: Type.Array(Type.Object({})) }),
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND'],
  async handle({ db, federation: { graphs } }, { params, caller: { server } }) {
    const { roomId } = await roomWithServer(db, params.roomId, server);
    const { auth } = await toldEvent(db, params.eventId, roomId);
    const behind = await chainOf(db, graphs, roomId, auth);
    const chain = [...new Set([...auth, ...behind])].sort((one, other) => one - other);
    return pduLists(db, roomId, { auth_chain: chain });
  },
});

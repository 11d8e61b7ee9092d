/** GET /state: the state of a room before an event, whole, with all that it rests on. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { toldState } from './event-state.ts';
import { pduLists } from './pdu-lists.ts';
import { roomWithServer } from './server-room.ts';

export const getRoomState = endpoint({
  summary: 'Tells the state of a room before an event, and all that it rests on, to a server in the room.',
  method: 'GET',
  path: '/_matrix/federation/v1/state/:roomId',
  auth: 'server',
  query: { event_id: 'needed' },
  answer: Type.Object({ pdus: Type.Array(Type.Object({})), auth_chain: Type.Array(Type.Object({})) }),
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND', 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params, query, caller: { server } }) {
    const room = await roomWithServer(parts.db, params.roomId, server);
    const { state, authChain } = await toldState(parts, room, query.event_id);
    return pduLists(parts.db, room.roomId, { pdus: state, auth_chain: authChain });
  },
});

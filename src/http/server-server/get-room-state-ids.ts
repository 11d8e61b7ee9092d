/** GET /state_ids: the ids of the events of the state before an event, and of all that it rests on. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { toldState } from './event-state.ts';
import { idLists } from './pdu-lists.ts';
import { roomWithServer } from './server-room.ts';

export const getRoomStateIds = endpoint({
  summary:
    'Tells the ids of the state of a room before an event, and of all that it rests on, to a server in the room.',
  method: 'GET',
  path: '/_matrix/federation/v1/state_ids/:roomId',
  auth: 'server',
  query: { event_id: 'needed' },
  answer: Type.Object({ pdu_ids: Type.Array(Type.String()), auth_chain_ids: Type.Array(Type.String()) }),
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND', 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params, query, caller: { server } }) {
    const room = await roomWithServer(parts.db, params.roomId, server);
    const { state, authChain } = await toldState(parts, room, query.event_id);
    return idLists(parts.db, room.roomId, { pdu_ids: state, auth_chain_ids: authChain });
  },
});

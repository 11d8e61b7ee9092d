/** PUT /send_knock: takes the knock of somebody who is of another server, and shows what the room shows to who knocks. */
import { Type } from 'typebox';
import { shownBefore, shownState } from '../../commands/shown-state.ts';
import { endpoint } from '../endpoint.ts';
import { taken } from './handshake-request.ts';

export const sendKnock = endpoint({
  summary: 'Takes a knock, and answers with the state that the room shows to those on its doorstep.',
  method: 'PUT',
  path: '/_matrix/federation/v1/send_knock/:roomId/:eventId',
  auth: 'server',
  body: Type.Object({}),
  answer: Type.Object({ knock_room_state: Type.Array(Type.Object({})) }),
  errors: ['M_INVALID_PARAM', 'M_FORBIDDEN', 'M_NOT_FOUND', ['M_LIMIT_EXCEEDED', 403]],
  async handle(parts, request) {
    const state = await taken(parts, 'knock', request, (judged, room, { eventId }) =>
      judged === null ? shownBefore(parts.db, room, eventId) : shownState(room),
    );
    return { knock_room_state: state };
  },
});

/** PUT /rooms/{roomId}/state: sends a state event; a member event is the membership act it means. */
import { Type } from 'typebox';
import { sendState } from '../../commands/send-state.ts';
import { endpoint } from '../endpoint.ts';
import { EventNamed } from './answers.ts';
import { roomIdIn } from './room-request.ts';

export const setRoomStateWithKey = endpoint({
  summary: "Sets a piece of a room's state.",
  method: 'PUT',
  path: '/_matrix/client/v3/rooms/:roomId/state/:eventType/:stateKey',
  aliases: ['/_matrix/client/v3/rooms/:roomId/state/:eventType', '/_matrix/client/v3/rooms/:roomId/state/:eventType/'],
  auth: 'user',
  body: Type.Object({}),
  answer: EventNamed,
  errors: [
    'M_FORBIDDEN',
    'M_NOT_FOUND',
    'M_BAD_ALIAS',
    'M_UNABLE_TO_AUTHORISE_JOIN',
    'M_UNABLE_TO_GRANT_JOIN',
    'M_INVITE_BLOCKED',
    'M_UNSUPPORTED_ROOM_VERSION',
    'M_LIMIT_EXCEEDED',
    ['M_UNKNOWN', 502],
  ],
  async handle(parts, { params, body, caller }) {
    const { eventType } = params;
    // Absent from the shorter path.
    const stateKey = (params.stateKey as string | undefined) ?? '';
    const input = { roomId: roomIdIn(params.roomId), type: eventType, stateKey, content: body };
    const { eventId } = await sendState(parts.commands, caller, input);
    return { event_id: eventId };
  },
});

/** PUT /rooms/{roomId}/send: sends an event that sets no state. */
import { Type } from 'typebox';
import { sendMessage as send } from '../../commands/send-message.ts';
import { endpoint } from '../endpoint.ts';
import { EventNamed } from './answers.ts';
import { roomIdIn } from './room-request.ts';

export const sendMessage = endpoint({
  summary: 'Sends an event to a room, once for each transaction id.',
  method: 'PUT',
  path: '/_matrix/client/v3/rooms/:roomId/send/:eventType/:txnId',
  auth: 'user',
  body: Type.Object({}),
  answer: EventNamed,
  // A redaction whose target the room does not have is not found.
  errors: ['M_FORBIDDEN', 'M_LIMIT_EXCEEDED', 'M_NOT_FOUND'],
  async handle(parts, { params, body, caller }) {
    const request = { deviceId: caller.deviceId, transactionId: params.txnId };
    const input = { roomId: roomIdIn(params.roomId), type: params.eventType, content: body, request };
    const { eventId } = await send(parts.commands, caller, input);
    return { event_id: eventId };
  },
});

/** PUT /rooms/{roomId}/redact: takes an event's words away. */
import { redactEvent as redact } from '../../commands/redact-event.ts';
import { endpoint } from '../endpoint.ts';
import { EventNamed } from './answers.ts';
import { ReasonBody, roomIdIn } from './room-request.ts';

export const redactEvent = endpoint({
  summary: 'Redacts an event: takes its words away for everybody.',
  method: 'PUT',
  path: '/_matrix/client/v3/rooms/:roomId/redact/:eventId/:txnId',
  auth: 'user',
  body: ReasonBody,
  answer: EventNamed,
  errors: ['M_FORBIDDEN', 'M_LIMIT_EXCEEDED', 'M_NOT_FOUND'],
  async handle(parts, { params, body, caller }) {
    const { reason } = body;
    const input = {
      roomId: roomIdIn(params.roomId),
      eventId: params.eventId,
      content: reason === undefined ? {} : { reason },
      request: { deviceId: caller.deviceId, transactionId: params.txnId },
    };
    const { eventId } = await redact(parts.commands, caller, input);
    return { event_id: eventId };
  },
});

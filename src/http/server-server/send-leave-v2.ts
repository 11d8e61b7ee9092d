/** PUT /send_leave, version 2: takes the leave of somebody who is of another server. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { taken } from './handshake-request.ts';

export const sendLeaveV2 = endpoint({
  summary: 'Takes a leave, a declined invite or a retracted knock.',
  method: 'PUT',
  path: '/_matrix/federation/v2/send_leave/:roomId/:eventId',
  auth: 'server',
  body: Type.Object({}),
  answer: Type.Object({}),
  errors: ['M_INVALID_PARAM', 'M_FORBIDDEN', 'M_NOT_FOUND'],
  async handle(parts, request) {
    await taken(parts, 'leave', request, async () => undefined);
    return {};
  },
});

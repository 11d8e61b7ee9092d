/** PUT /send_join, version 2: takes the join of somebody who is of another server, and tells it of the room. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { JoinedRoom, joinedRoom } from './joined-room.ts';

export const sendJoinV2 = endpoint({
  summary: 'Takes a join, and answers with the state before it and all that it rests on.',
  method: 'PUT',
  path: '/_matrix/federation/v2/send_join/:roomId/:eventId',
  auth: 'server',
  body: Type.Object({}),
  answer: JoinedRoom,
  errors: [
    'M_INVALID_PARAM',
    'M_FORBIDDEN',
    'M_NOT_FOUND',
    'M_UNABLE_TO_AUTHORISE_JOIN',
    'M_UNABLE_TO_GRANT_JOIN',
    ['M_LIMIT_EXCEEDED', 403],
  ],
  handle: (parts, request) => joinedRoom(parts, request, { head: '{', tail: '}' }),
});

/** PUT /directory/room: makes an alias that leads to a room. */
import { Type } from 'typebox';
import { setRoomAlias as set } from '../../commands/aliases.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomId } from '../../matrix/identifiers.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';

export const setRoomAlias = endpoint({
  summary: 'Makes an alias of a room.',
  method: 'PUT',
  path: '/_matrix/client/v3/directory/room/:roomAlias',
  auth: 'user',
  body: Type.Object({ room_id: Type.String() }),
  answer: Nothing,
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND', ['M_UNKNOWN', 409], 'M_LIMIT_EXCEEDED'],
  async handle(parts, { params, body, caller }) {
    const roomId = parseRoomId(body.room_id);
    if (roomId === null) throw new MatrixError('M_INVALID_PARAM', 'room_id is not a room id.');
    await set(parts.commands, caller, { alias: params.roomAlias, roomId });
    return {};
  },
});

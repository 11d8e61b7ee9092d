/** POST /rooms/{roomId}/upgrade: replaces a room by one of another version. */
import { Type } from 'typebox';
import { upgradeRoom as upgrade } from '../../commands/upgrade-room.ts';
import { endpoint } from '../endpoint.ts';
import { roomIdIn } from './room-request.ts';

export const upgradeRoom = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/rooms/:roomId/upgrade',
  auth: 'user',
  body: Type.Object({
    new_version: Type.String(),
    additional_creators: Type.Optional(Type.Array(Type.String())),
  }),
  summary: 'Replaces a room by one of another version.',
  answer: Type.Object({ replacement_room: Type.String() }),
  errors: ['M_UNSUPPORTED_ROOM_VERSION', 'M_INVALID_PARAM', 'M_INVALID_ROOM_STATE', 'M_FORBIDDEN', 'M_TOO_LARGE'],
  async handle(parts, { params, body, caller }) {
    const { replacement } = await upgrade(parts.commands, caller, {
      roomId: roomIdIn(params.roomId),
      newVersion: body.new_version,
      additionalCreators: body.additional_creators,
    });
    return { replacement_room: replacement };
  },
});

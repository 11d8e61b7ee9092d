/** PUT /directory/list/room: lists a room in the public directory, or takes it off. */
import { Type } from 'typebox';
import { setRoomVisibility } from '../../commands/room-visibility.ts';
import { endpoint } from '../endpoint.ts';
import { roomIdIn } from './room-request.ts';

export const setRoomVisibilityOnDirectory = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/directory/list/room/:roomId',
  auth: 'user',
  body: Type.Object({ visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private')])) }),
  summary: 'Lists a room in the public directory, or takes it off.',
  answer: Type.Object({}),
  errors: ['M_NOT_FOUND', 'M_FORBIDDEN', 'M_INVALID_PARAM'],
  async handle(parts, { params, body, caller }) {
    const visibility = body.visibility ?? 'public';
    await setRoomVisibility(parts.commands, caller, { roomId: roomIdIn(params.roomId), visibility });
    return {};
  },
});

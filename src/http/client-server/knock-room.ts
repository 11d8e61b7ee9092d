/** POST /knock: asks to be let into a room. */
import { Type } from 'typebox';
import { knock } from '../../commands/knock.ts';
import { endpoint } from '../endpoint.ts';
import { RoomNamed } from './answers.ts';
import { roomAddress } from './room-address.ts';

/** Answers once the knock is stored: the caller's next sync shows it. A reason that is no text is M_INVALID_PARAM here. */
export const knockRoom = endpoint({
  summary: 'Asks to be let into a room.',
  method: 'POST',
  path: '/_matrix/client/v3/knock/:roomIdOrAlias',
  auth: 'user',
  query: { via: 'many', server_name: 'many' },
  body: Type.Object({ reason: Type.Optional(Type.String()) }),
  wrongBody: 'M_INVALID_PARAM',
  answer: RoomNamed,
  errors: [
    ...(['M_FORBIDDEN', 'M_NOT_FOUND', 'M_LIMIT_EXCEEDED', 'M_INCOMPATIBLE_ROOM_VERSION'] as const),
    ['M_UNKNOWN', 502],
  ],
  async handle(parts, { params, query, body, caller, signal }) {
    const address = await roomAddress(parts, params.roomIdOrAlias, query, signal);
    const { roomId } = await knock(parts.commands, caller, { ...address, reason: body.reason });
    return { room_id: roomId };
  },
});

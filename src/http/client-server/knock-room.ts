/** POST /knock: asks to be let into a room. */
import { Type } from 'typebox';
import { knock } from '../../commands/knock.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { roomAddress } from './room-address.ts';

/** Answers once the knock is stored: the caller's next sync shows it. A reason that is no text is M_INVALID_PARAM here. */
export const knockRoom = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/knock/:roomIdOrAlias',
  auth: 'user',
  query: { via: 'many', server_name: 'many' },
  body: Type.Object({}),
  async handle(parts, { params, query, body, caller }) {
    const { reason } = body;
    if (reason !== undefined && typeof reason !== 'string') {
      throw new MatrixError('M_INVALID_PARAM', 'reason must be a string.');
    }
    const address = await roomAddress(parts, params.roomIdOrAlias, query);
    const { roomId } = await knock(parts.commands, caller, { ...address, reason });
    return { room_id: roomId };
  },
});

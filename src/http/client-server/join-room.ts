/** POST /join: enters a room, named by id or alias. */
import { Type } from 'typebox';
import { joinRoom as join } from '../../commands/join.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { JsonObject } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { RoomNamed } from './answers.ts';
import { roomAddress } from './room-address.ts';

/** The body of both ways to join. */
export const JoinBody = Type.Object({ reason: Type.Optional(Type.String()) });

/** Joining on the strength of another service's signature is not served. */
export function refuseThirdPartySigned(body: JsonObject): void {
  if (!Object.hasOwn(body, 'third_party_signed')) return;
  throw new MatrixError('M_INVALID_PARAM', 'third_party_signed is not supported.');
}

export const joinRoom = endpoint({
  summary: 'Joins a room named by its id or alias.',
  method: 'POST',
  path: '/_matrix/client/v3/join/:roomIdOrAlias',
  auth: 'user',
  query: { via: 'many', server_name: 'many' },
  body: JoinBody,
  bodyOptional: true,
  answer: RoomNamed,
  errors: [
    'M_INCOMPATIBLE_ROOM_VERSION',
    'M_FORBIDDEN',
    'M_NOT_FOUND',
    'M_UNABLE_TO_AUTHORISE_JOIN',
    'M_UNABLE_TO_GRANT_JOIN',
    'M_LIMIT_EXCEEDED',
    ['M_UNKNOWN', 502],
  ],
  async handle(parts, { params, query, body, caller, signal }) {
    refuseThirdPartySigned(body);
    const address = await roomAddress(parts, params.roomIdOrAlias, query, signal);
    const { roomId } = await join(parts.commands, caller, { ...address, reason: body.reason });
    return { room_id: roomId };
  },
});

/** PUT /invite, version 2: another server invites one of our users. */
import { Type } from 'typebox';
import { incompatible, receiveInvite } from '../../commands/elsewhere/receive-invite.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomId } from '../../matrix/identifiers.ts';
import { isJsonArray, isJsonObject, type JsonObject } from '../../matrix/json.ts';
import { roomVersion } from '../../matrix/room-versions.ts';
import { endpoint } from '../endpoint.ts';
import { asServersAreTold } from './handshake-request.ts';

/** Answers once the invite is stored. The list of the room's state is looked at by itself, since its flaws are other errors. */
export const sendInviteV2 = endpoint({
  summary: 'Invites a user of this server to a room, and gets the invite back with the signature of this server.',
  method: 'PUT',
  path: '/_matrix/federation/v2/invite/:roomId/:eventId',
  auth: 'server',
  body: Type.Object({
    room_version: Type.String(),
    event: Type.Object({}),
    invite_room_state: Type.Optional(Type.Unknown()),
  }),
  answer: Type.Object({ event: Type.Object({}) }),
  errors: ['M_INCOMPATIBLE_ROOM_VERSION', 'M_INVALID_PARAM', 'M_FORBIDDEN', ['M_LIMIT_EXCEEDED', 403]],
  async handle(parts, { params, body, caller }) {
    const { identity, commands, federation } = parts;
    if (roomVersion(body.room_version) === null) throw incompatible(body.room_version);
    const roomId = parseRoomId(params.roomId);
    if (roomId === null) throw new MatrixError('M_INVALID_PARAM', 'The path names no room.');
    const { event, invite_room_state: told } = body as JsonObject;
    if (!isJsonObject(event)) throw new MatrixError('M_BAD_JSON');
    const deps = {
      ...{ db: parts.db, lanes: commands.lanes, limits: commands.limits, identity, now: parts.now },
      ...{ checkSignatures: federation.checkEventSignatures, receiver: federation.receiver },
    };
    const sent = {
      ...{ origin: caller.server, roomId, eventId: params.eventId, version: body.room_version, event },
      inviteRoomState: isJsonArray(told) ? told : [],
    };
    const signed = await asServersAreTold(commands, () => receiveInvite(deps, sent));
    return { event: signed };
  },
});

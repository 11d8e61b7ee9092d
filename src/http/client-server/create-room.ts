/** POST /createRoom: makes a room with all its first events. */
import { Type } from 'typebox';
import { createRoom as create } from '../../commands/create-room.ts';
import type { JsonObject } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { RoomNamed } from './answers.ts';

const Content = Type.Unsafe<JsonObject>(Type.Object({}));

const CreateRoomBody = Type.Object({
  preset: Type.Optional(
    Type.Union([Type.Literal('private_chat'), Type.Literal('trusted_private_chat'), Type.Literal('public_chat')]),
  ),
  visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private')])),
  room_version: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  topic: Type.Optional(Type.String()),
  room_alias_name: Type.Optional(Type.String()),
  invite: Type.Optional(Type.Array(Type.String(), { maxItems: 100 })),
  invite_3pid: Type.Optional(Type.Array(Content)),
  is_direct: Type.Optional(Type.Boolean()),
  creation_content: Type.Optional(Content),
  power_level_content_override: Type.Optional(Content),
  initial_state: Type.Optional(
    Type.Array(Type.Object({ type: Type.String(), state_key: Type.Optional(Type.String()), content: Content })),
  ),
});

export const createRoom = endpoint({
  summary: 'Makes a room.',
  method: 'POST',
  path: '/_matrix/client/v3/createRoom',
  auth: 'user',
  body: CreateRoomBody,
  answer: RoomNamed,
  errors: [
    'M_FORBIDDEN',
    'M_INVALID_PARAM',
    'M_INVALID_ROOM_STATE',
    'M_BAD_ALIAS',
    'M_ROOM_IN_USE',
    'M_UNSUPPORTED_ROOM_VERSION',
    'M_INVITE_BLOCKED',
    'M_LIMIT_EXCEEDED',
  ],
  async handle(parts, { body, caller }) {
    const { roomId } = await create(parts.commands, caller, body);
    return { room_id: roomId };
  },
});

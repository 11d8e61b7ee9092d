/** PUT /user/{userId}/rooms/{roomId}/tags/{tag}: tags a room, in account data. */
import { Type } from 'typebox';
import { jsonObject } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { changeOwn, ownUserId, tagsIn, TAGS } from './own-account.ts';
import { roomIdIn } from './room-request.ts';

export const setRoomTag = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/user/:userId/rooms/:roomId/tags/:tag',
  auth: 'user',
  body: Type.Object({ order: Type.Optional(Type.Number()) }),
  numbers: 'any',
  summary: 'Tags a room; `/sync` tells of it.',
  errors: ['M_FORBIDDEN'],
  answer: Nothing,
  async handle(parts, { params: { tag, ...params }, body, caller }) {
    const key = { userId: ownUserId(caller, params.userId), roomId: roomIdIn(params.roomId), type: TAGS };
    await changeOwn(parts, key, (before) =>
      jsonObject({ ...before, tags: jsonObject({ ...tagsIn(before), [tag]: body }) }),
    );
    return {};
  },
});

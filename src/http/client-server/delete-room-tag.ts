/** DELETE /user/{userId}/rooms/{roomId}/tags/{tag}. */
import { jsonObject } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { changeOwn, ownUserId, tagsIn, TAGS } from './own-account.ts';
import { roomIdIn } from './room-request.ts';

export const deleteRoomTag = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/user/:userId/rooms/:roomId/tags/:tag',
  auth: 'user',
  summary: 'Takes a tag off a room; `/sync` tells of it.',
  errors: ['M_FORBIDDEN', 'M_TOO_LARGE'],
  answer: Nothing,
  async handle(parts, { params: { tag, ...params }, caller }) {
    const key = { userId: ownUserId(caller, params.userId), roomId: roomIdIn(params.roomId), type: TAGS };
    await changeOwn(parts, key, (before) => {
      const tags = Object.entries(tagsIn(before)).filter(([name]) => name !== tag);
      return jsonObject({ ...before, tags: Object.fromEntries(tags) });
    });
    return {};
  },
});

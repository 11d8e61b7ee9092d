/** GET /user/{userId}/rooms/{roomId}/tags: the tags a user gave a room. */
import { Type } from 'typebox';
import { readAccountData } from '../../accounts/account-data.ts';
import { endpoint } from '../endpoint.ts';
import { ownUserId, tagsIn, TAGS } from './own-account.ts';
import { roomIdIn } from './room-request.ts';

export const getRoomTags = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/user/:userId/rooms/:roomId/tags',
  auth: 'user',
  summary: 'The tags one gave a room.',
  errors: ['M_FORBIDDEN'],
  answer: Type.Object({ tags: Type.Object({}) }),
  async handle({ db }, { params, caller }) {
    const key = { userId: ownUserId(caller, params.userId), roomId: roomIdIn(params.roomId), type: TAGS };
    return { tags: tagsIn(await readAccountData(db, key)) };
  },
});

/** Resolvers of User. */
import { serverOf, type UserId } from '../../matrix/identifiers.ts';
import { knockList, membershipList, transitionList } from '../lists.ts';
import { roomIdsOf } from '../filters.ts';
import { nodeId } from '../node-ids.ts';
import { pathList } from '../paths.ts';
import type { UserResolvers } from '../schema.generated.ts';

export const user: UserResolvers = {
  id: ({ userId }) => nodeId('User', userId),
  server: ({ userId }) => serverOf(userId as UserId),
  displayName: async ({ userId }, _args, { loaders }) => (await loaders.profile.load(userId)).displayname,
  avatarUrl: async ({ userId }, _args, { loaders }) => (await loaders.profile.load(userId)).avatar_url,
  memberships: ({ userId }, args, context) => membershipList(context, userId, args),
  knocks: ({ userId }, args, context) => knockList(context, { roomIds: null, userIds: [userId] }, args),
  path: ({ userId }, { roomIds, ...args }, context) =>
    pathList(context, { roomIds: roomIdsOf(roomIds), userIds: [userId] }, args),
  transitions: ({ userId }, args, context) => transitionList(context, { roomIds: null, userIds: [userId] }, args),
};

/** Resolvers of Viewer: who asks. */
import { viewerOf } from '../context.ts';
import { knockList, roomList } from '../lists.ts';
import type { ViewerResolvers } from '../schema.generated.ts';

export const viewer: ViewerResolvers = {
  user: (user) => user,
  isAdmin: (_user, _args, context) => viewerOf(context).admin,
  serviceToken: (_user, _args, context) => {
    const { grant, token } = viewerOf(context);
    return grant === null || token === null ? null : context.loaders.serviceToken.load(token);
  },
  rooms: (_user, args, context) => roomList(context, args, false),
  knocks: ({ userId }, args, context) => knockList(context, { roomIds: null, userIds: [userId] }, args),
};

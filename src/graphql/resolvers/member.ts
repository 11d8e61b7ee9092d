/** Resolvers of Member: a user's membership in a room. */
import { seesRoomNow } from '../../access/room-access.ts';
import { stringIn } from '../../matrix/pdu.ts';
import type { MemberRow } from '../../projections/room-queries.ts';
import type { Context } from '../context.ts';
import { knockList, transitionList } from '../lists.ts';
import { enumName } from '../names.ts';
import { nodeId } from '../node-ids.ts';
import type { MemberResolvers } from '../schema.generated.ts';
import { roomOf, sightOf, visibleEvent, type ArmScope } from '../sight.ts';

const scopeOf = ({ roomId, userId }: MemberRow): ArmScope => ({ roomIds: [roomId], userIds: [userId] });

// A creator of a version 12 room stands above all levels, which no number says.
async function powerLevel({ roomId, userId }: MemberRow, _args: object, context: Context): Promise<number | null> {
  const { standing, levels } = await sightOf(context, roomId);
  const level = levels.user(userId);
  return seesRoomNow(standing) && Number.isFinite(level) ? level : null;
}

export const member: MemberResolvers = {
  id: ({ roomId, userId }) => nodeId('Member', roomId, userId),
  user: ({ userId }) => ({ userId }),
  room: ({ roomId }, _args, context) => roomOf(context, roomId),
  membership: ({ membership }) => enumName(membership),
  powerLevel,
  displayName: async ({ roomId, event: position }, _args, { loaders }) => {
    const event = await loaders.event.load({ roomId, position });
    return event === null ? null : stringIn(event.content, 'displayname');
  },
  event: ({ roomId, event: position }, _args, context) => visibleEvent(context, { roomId, position }),
  knocks: (row, args, context) => knockList(context, scopeOf(row), args),
  transitions: (row, args, context) => transitionList(context, scopeOf(row), args),
};

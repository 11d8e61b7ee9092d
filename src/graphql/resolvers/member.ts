/** Resolvers of Member: a user's membership in a room. */
import { seesRoomNow } from '../../access/room-access.ts';
import { stringIn } from '../../matrix/pdu.ts';
import type { Context } from '../context.ts';
import { levelsAt } from '../levels.ts';
import { knockList, transitionList } from '../lists.ts';
import type { MemberModel } from '../models.ts';
import { enumName } from '../names.ts';
import { nodeId } from '../node-ids.ts';
import { pathList } from '../paths.ts';
import { sightAt } from '../past-sight.ts';
import type { MemberResolvers } from '../schema.generated.ts';
import { roomOf, sightOf, visibleEvent, type ArmScope } from '../sight.ts';

const scopeOf = ({ roomId, userId }: MemberModel): ArmScope => ({ roomIds: [roomId], userIds: [userId] });

// A creator of a version 12 room stands above all levels, which no number says.
async function powerLevel(member: MemberModel, _args: object, context: Context): Promise<number | null> {
  const { roomId, userId } = member;
  const at = momentOf(member);
  const isSeen =
    at === null
      ? seesRoomNow((await sightOf(context, roomId)).standing)
      : (await sightAt(context, roomId, at)).seesRoom;
  if (!isSeen) return null;
  const level = (await levelsAt(context, roomId, at)).levels.user(userId);
  return Number.isFinite(level) ? level : null;
}

/** The room position that a membership is told of; null: now. */
function momentOf(member: MemberModel): number | null {
  return 'at' in member ? member.at : null;
}

export const member: MemberResolvers = {
  id: (member) => {
    const at = momentOf(member);
    return nodeId('Member', member.roomId, member.userId, ...(at === null ? [] : [at]));
  },
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
  path: (row, args, context) => pathList(context, scopeOf(row), args),
  transitions: (row, args, context) => transitionList(context, scopeOf(row), args),
};

/** Resolvers of Member: a user's membership in a room. */
import { mayBan, mayKick, seesRoomNow, type Permission } from '../../access/room-access.ts';
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

type May = typeof mayKick;

// Of somebody who is out already, or of another time, there is nothing to do now.
async function permission(may: May, member: MemberModel, context: Context): Promise<Permission> {
  const { roomId, userId, membership } = member;
  const { standing, levels } = await sightOf(context, roomId);
  const answer = may(standing, levels, { userId, membership });
  if (!answer.allowed) return answer;
  const gone = may === mayKick ? membership === 'leave' || membership === 'ban' : membership === 'ban';
  return gone ? { allowed: false, why: GONE[membership as 'leave' | 'ban'] } : answer;
}

const GONE = { leave: 'The user is not in the room.', ban: 'The user is banned already.' } as const;

function viewerCan(may: May) {
  return async (row: MemberModel, _args: object, context: Context): Promise<boolean> =>
    (await permission(may, row, context)).allowed;
}

function viewerCannot(may: May) {
  return async (row: MemberModel, _args: object, context: Context): Promise<string | null> => {
    const answer = await permission(may, row, context);
    return answer.allowed ? null : answer.why;
  };
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
  viewerCanKick: viewerCan(mayKick),
  viewerCannotKickReason: viewerCannot(mayKick),
  viewerCanBan: viewerCan(mayBan),
  viewerCannotBanReason: viewerCannot(mayBan),
  displayName: async ({ roomId, event: position }, _args, { loaders }) => {
    const event = await loaders.event.load({ roomId, position });
    return event === null ? null : stringIn(event.content, 'displayname');
  },
  event: ({ roomId, event: position }, _args, context) => visibleEvent(context, { roomId, position }),
  knocks: (row, args, context) => knockList(context, scopeOf(row), args),
  path: (row, args, context) => pathList(context, scopeOf(row), args),
  transitions: (row, args, context) => transitionList(context, scopeOf(row), args),
};

/** Resolvers of Room and its counts. */
import {
  mayBan,
  mayInvite,
  mayKick,
  maySetState,
  seesLevels,
  seesRoomNow,
  type Permission,
} from '../../access/room-access.ts';
import { isJsonObject } from '../../matrix/json.ts';
import { stringIn } from '../../matrix/pdu.ts';
import type { RoomHead } from '../../projections/room-queries.ts';
import type { Context } from '../context.ts';
import { levelsAt } from '../levels.ts';
import { knockList, memberList, transitionList } from '../lists.ts';
import type { LevelsModel } from '../models.ts';
import { actionList, eventList } from '../log-lists.ts';
import { enumName, userIdOf } from '../names.ts';
import { nodeId } from '../node-ids.ts';
import { pastMember, pastSight, pastWord } from '../past-sight.ts';
import { doorStats } from './health.ts';
import type { AsOf, JoinRule, RoomResolvers, RoomStatsResolvers } from '../schema.generated.ts';
import { keepsDoor, sightOf, visibleMember, type RoomSight } from '../sight.ts';
import { warningsOf } from './room-warnings.ts';

/** A word of the room's state as it is now; null for a viewer outside. */
async function stateWord(context: Context, roomId: string, type: string, key: string): Promise<string | null> {
  const [{ standing }, event] = await Promise.all([
    sightOf(context, roomId),
    context.loaders.state.load({ roomId, type, stateKey: '' }),
  ]);
  if (!seesRoomNow(standing)) return null;
  const isOutside = standing.membership === 'invite' || standing.membership === 'knock';
  if (event !== null && !isOutside) return stringIn(event.content, key);
  // From outside the room shows what it showed with the invite or the knock.
  const outside = await context.loaders.outside.load({ roomId, userId: standing.userId });
  const told = outside?.stripped.find((entry) => entry['type'] === type && entry['state_key'] === '');
  const content = told?.['content'] ?? event?.content;
  return isJsonObject(content) ? stringIn(content, key) : null;
}

const JOIN_RULES = ['PUBLIC', 'INVITE', 'KNOCK', 'RESTRICTED', 'KNOCK_RESTRICTED', 'PRIVATE'] as const;

/** A word of the room's state, as it is now or was as of a moment. */
function word(type: string, key: string) {
  return async ({ roomId }: RoomHead, { asOf }: Moment, context: Context): Promise<string | null> =>
    asOf ? pastWord(context, await pastSight(context, roomId, asOf), type, key) : stateWord(context, roomId, type, key);
}

interface Moment {
  readonly asOf?: AsOf | null | undefined;
}

async function joinRule(room: RoomHead, moment: Moment, context: Context): Promise<JoinRule | null> {
  const rule = await word('m.room.join_rules', 'join_rule')(room, moment, context);
  return JOIN_RULES.find((name) => name.toLowerCase() === rule) ?? null;
}

async function powerLevels({ roomId }: RoomHead, { asOf }: Moment, context: Context): Promise<LevelsModel | null> {
  if (asOf) {
    const { seesRoom, at } = await pastSight(context, roomId, asOf);
    return seesRoom ? levelsAt(context, roomId, at) : null;
  }
  const { standing } = await sightOf(context, roomId);
  return seesLevels(standing) ? levelsAt(context, roomId, null) : null;
}

function viewerCan(permission: (sight: RoomSight) => Permission) {
  return async ({ roomId }: RoomHead, _args: object, context: Context): Promise<boolean> =>
    permission(await sightOf(context, roomId)).allowed;
}

function viewerCannot(permission: (sight: RoomSight) => Permission) {
  return async ({ roomId }: RoomHead, _args: object, context: Context): Promise<string | null> => {
    const answer = permission(await sightOf(context, roomId));
    return answer.allowed ? null : answer.why;
  };
}

const invite = ({ standing, levels }: RoomSight): Permission => mayInvite(standing, levels);
const kick = ({ standing, levels }: RoomSight): Permission => mayKick(standing, levels);
const ban = ({ standing, levels }: RoomSight): Permission => mayBan(standing, levels);
const setRule = ({ standing, levels }: RoomSight): Permission => maySetState(standing, levels, 'm.room.join_rules');

export const room: RoomResolvers = {
  id: ({ roomId }) => nodeId('Room', roomId),
  name: word('m.room.name', 'name'),
  topic: word('m.room.topic', 'topic'),
  canonicalAlias: word('m.room.canonical_alias', 'alias'),
  joinRule,
  powerLevels,
  members: ({ roomId }, args, context) => memberList(context, roomId, args),
  member: async ({ roomId }, { userId, asOf }, context) =>
    asOf
      ? pastMember(context, await pastSight(context, roomId, asOf), userIdOf(userId))
      : visibleMember(context, { roomId, userId: userIdOf(userId) }),
  knocks: ({ roomId }, args, context) => knockList(context, { roomIds: [roomId], userIds: null }, args),
  transitions: ({ roomId }, args, context) => transitionList(context, { roomIds: [roomId], userIds: null }, args),
  events: ({ roomId }, args, context) => eventList(context, [roomId], args),
  actions: ({ roomId }, args, context) => actionList(context, [roomId], args),
  bans: ({ roomId }, args, context) => memberList(context, roomId, { ...args, where: { membership: ['BAN'] } }),
  invites: ({ roomId }, args, context) => memberList(context, roomId, { ...args, where: { membership: ['INVITE'] } }),
  stats: async ({ roomId }, _args, context) => {
    if (!(await keepsDoor(context, roomId))) return null;
    const { knockTally, memberTally } = context.loaders;
    const [knocks, members] = await Promise.all([knockTally.load(roomId), memberTally.load(roomId)]);
    return { roomId, knocks, members };
  },
  viewerMembership: async ({ roomId }, _args, context) =>
    enumName((await sightOf(context, roomId)).standing.membership),
  viewerCanSeeKnocks: ({ roomId }, _args, context) => keepsDoor(context, roomId),
  viewerCanInvite: viewerCan(invite),
  viewerCannotInviteReason: viewerCannot(invite),
  viewerCanKick: viewerCan(kick),
  viewerCannotKickReason: viewerCannot(kick),
  viewerCanBan: viewerCan(ban),
  viewerCannotBanReason: viewerCannot(ban),
  viewerCanSetJoinRule: viewerCan(setRule),
  viewerCannotSetJoinRuleReason: viewerCannot(setRule),
  warnings: ({ roomId }, _args, context) => warningsOf(context, roomId),
};

export const roomStats: RoomStatsResolvers = {
  ...doorStats,
  joined: ({ members }) => members.join ?? 0,
  invited: ({ members }) => members.invite ?? 0,
  banned: ({ members }) => members.ban ?? 0,
  pendingKnocks: ({ knocks }) => knocks.PENDING ?? 0,
  acceptedKnocks: ({ knocks }) => knocks.ACCEPTED ?? 0,
  rejectedKnocks: ({ knocks }) => knocks.REJECTED ?? 0,
  bannedKnocks: ({ knocks }) => knocks.BANNED ?? 0,
  retractedKnocks: ({ knocks }) => knocks.RETRACTED ?? 0,
  supersededKnocks: ({ knocks }) => knocks.SUPERSEDED ?? 0,
  voidedKnocks: ({ knocks }) => knocks.VOIDED ?? 0,
  lapsedKnocks: ({ knocks }) => knocks.LAPSED ?? 0,
};

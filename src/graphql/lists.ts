/** The lists of the schema: pages of rooms, members, knocks and transitions, as far as the viewer sees them. */
import { visibleMemberships } from '../access/room-access.ts';
import { isBounded, isOwn, roomsGranted } from '../access/scopes.ts';
import type { RowCount } from '../log/arm-counts.ts';
import type { TransitionCondition } from '../log/transition-queries.ts';
import type { Membership } from '../matrix/pdu.ts';
import type { KnockKey } from '../projections/knock-queries.ts';
import { countRooms, pageRooms, type MemberList, type MemberRow } from '../projections/room-queries.ts';
import { viewerOf, type Context } from './context.ts';
import {
  asksForTriage,
  both,
  boundsOf,
  knockCondition,
  membershipsIn,
  narrow,
  outermost,
  roomIdsOf,
  transitionCondition,
  type Bounds,
  type Scope,
} from './filters.ts';
import type { KnockPage, MemberPage, RoomPage, TransitionPage } from './models.ts';
import { wordOf } from './names.ts';
import { CURSORS, listPage, pageInMemory, pageOf, type PageArgs } from './paging.ts';
import { pastMemberList } from './past-lists.ts';
import type {
  AsOf,
  KnockFilter,
  KnockOrder,
  LogOrder,
  MemberFilter,
  RoomFilter,
  TransitionFilter,
} from './schema.generated.ts';
import { keptDoors, sightOf, visibleArms, type ArmScope } from './sight.ts';

export const EVERYTHING: Scope = { roomIds: null, userIds: null };

export interface KnockArgs extends PageArgs {
  readonly where?: KnockFilter | null | undefined;
  readonly orderBy?: KnockOrder | null | undefined;
}

/** Knocks, newest first unless asked otherwise. */
export async function knockList(context: Context, scope: ArmScope, args: KnockArgs): Promise<KnockPage> {
  const key: KnockKey = args.orderBy?.field === 'DECIDED_AT' ? 'closed' : 'opened';
  const cursors = key === 'opened' ? CURSORS.knock : CURSORS.decidedKnock;
  const page = pageOf(args, cursors, args.orderBy?.direction !== 'ASC');
  const where = args.where ?? {};
  const [made, ended] = await Promise.all([
    boundsOf(context, 'transitions', where),
    boundsOf(context, 'transitions', { since: where.decidedSince, until: where.decidedUntil }),
  ]);
  const condition = knockCondition(viewerOf(context), where, ended);
  const keptOnly = asksForTriage(where);
  const arms = await visibleArms(context, within({ ...scope, ...narrow(scope, where), keptOnly }, made));
  const read = await context.loaders.knocks.load({ arms, condition, key, page });
  const count = (): Promise<RowCount> => context.loaders.knockCount.load({ arms, condition, key });
  return { ...listPage(read, cursors, (knock) => (key === 'opened' ? knock.opened : knock.closed!)), count };
}

export interface TransitionArgs extends PageArgs {
  readonly where?: TransitionFilter | null | undefined;
  readonly orderBy?: LogOrder | null | undefined;
}

/** Transitions, oldest first unless asked otherwise. `event`: only those that this event brought into force. */
export async function transitionList(
  context: Context,
  scope: ArmScope,
  args: TransitionArgs,
  event: TransitionCondition['event'] = null,
): Promise<TransitionPage> {
  const page = pageOf(args, CURSORS.transition, args.orderBy?.direction === 'DESC');
  const where = args.where ?? {};
  const condition = transitionCondition(viewerOf(context), where, event);
  const bounds = await boundsOf(context, 'transitions', where);
  const arms = await visibleArms(context, within({ ...scope, ...narrow(scope, where) }, bounds));
  const read = await context.loaders.transitions.load({ arms, condition, page });
  const count = (): Promise<RowCount> => context.loaders.transitionCount.load({ arms, condition });
  return { ...listPage(read, CURSORS.transition, (transition) => transition.position), count };
}

function within(scope: ArmScope, { from, before }: Bounds): ArmScope {
  return {
    ...scope,
    from: outermost(Math.max, scope.from ?? null, from) ?? undefined,
    to: outermost(Math.min, scope.to ?? null, before === null ? null : before - 1) ?? undefined,
  };
}

export interface MemberArgs extends PageArgs {
  readonly where?: MemberFilter | null | undefined;
}

const MEMBERSHIPS: readonly Membership[] = ['knock', 'invite', 'join', 'leave', 'ban'];

export interface RoomMemberArgs extends MemberArgs {
  readonly asOf?: AsOf | null | undefined;
}

/** The members of a room, by user id; as of a moment when one is given. */
export async function memberList(context: Context, roomId: string, args: RoomMemberArgs): Promise<MemberPage> {
  const page = pageOf(args, CURSORS.member);
  if (args.asOf) return pastMemberList(context, roomId, args.asOf, membershipsIn(args.where) ?? MEMBERSHIPS, page);
  const { standing, levels } = await sightOf(context, roomId);
  const seen = visibleMemberships(standing, levels);
  const asked = membershipsIn(args.where) ?? MEMBERSHIPS;
  const list: MemberList = {
    roomId,
    memberships: seen === null ? asked : asked.filter((membership) => seen.includes(membership)),
    own: standing.userId,
    ownMemberships: isOwn(standing, standing.userId) ? asked : [],
  };
  const read = await context.loaders.members.load({ list, page });
  const count = (): Promise<number> => context.loaders.memberCount.load(list);
  // Of a room that everybody of this server has left, the viewer knows better what became of themselves.
  const own = await context.loaders.member.load({ roomId, userId: standing.userId });
  const rows = read.rows.flatMap((row) =>
    row.userId !== own?.userId ? row : asked.includes(own.membership) ? own : [],
  );
  return { ...listPage({ ...read, rows }, CURSORS.member, (member) => member.userId), count };
}

/** A user's memberships in the rooms where the viewer sees them, by room id. */
export async function membershipList(context: Context, userId: string, args: MemberArgs): Promise<MemberPage> {
  const page = pageOf(args, CURSORS.membership);
  const asked = membershipsIn(args.where) ?? MEMBERSHIPS;
  const all: readonly MemberRow[] = await context.loaders.memberships.load(userId);
  const seen = await Promise.all(all.map((member) => seesMembership(context, member)));
  const shown = all.filter((member, n) => seen[n] && asked.includes(member.membership));
  const key = (member: MemberRow): string => member.roomId;
  return { ...listPage(pageInMemory(shown, key, page), CURSORS.membership, key), count: async () => shown.length };
}

async function seesMembership(context: Context, { roomId, userId, membership }: MemberRow): Promise<boolean> {
  if (isOwn(viewerOf(context), userId)) return true;
  const { standing, levels } = await sightOf(context, roomId);
  return visibleMemberships(standing, levels)?.includes(membership) ?? true;
}

export interface RoomArgs extends PageArgs {
  readonly where?: RoomFilter | null | undefined;
}

/** Rooms, by room id: the viewer's own, or with `all` every room that an admin, or a token, sees. */
export async function roomList(context: Context, args: RoomArgs, all: boolean): Promise<RoomPage> {
  const page = pageOf(args, CURSORS.room);
  const roomIds = await roomsToList(context, args.where ?? {}, all);
  const read = await pageRooms(context.db, roomIds, page);
  return { ...listPage(read, CURSORS.room, (room) => room.roomId), count: () => countRooms(context.db, roomIds) };
}

// Null: every room.
async function roomsToList(context: Context, where: RoomFilter, all: boolean): Promise<readonly string[] | null> {
  const viewer = viewerOf(context);
  const grant = isBounded(viewer) ? viewer.grant : null;
  const memberships = where.viewerMembership?.map(wordOf) ?? null;
  const everyRoom = all && (viewer.admin || grant !== null) && memberships === null;
  const mine = everyRoom ? null : await ownRooms(context, memberships ?? ['join', 'invite', 'knock']);
  const seen = grant === null ? mine : both(mine, roomsGranted(grant));
  const rooms = both(seen, roomIdsOf(where.roomIds));
  const wanted = where.viewerCanSeeKnocks ?? null;
  if (wanted === null) return rooms;
  if (viewer.admin) return wanted ? rooms : [];
  if (grant !== null) return wanted === grant.scopes.includes('knocks:read') ? rooms : [];
  const kept = await keptDoors(context, rooms);
  return wanted ? kept : (rooms ?? []).filter((roomId) => !kept.includes(roomId));
}

/** The rooms where the viewer's membership is one of these. */
export async function ownRooms(context: Context, memberships: readonly string[]): Promise<readonly string[]> {
  const all = await context.loaders.memberships.load(viewerOf(context).userId);
  return all.filter(({ membership }) => memberships.includes(membership)).map(({ roomId }) => roomId);
}

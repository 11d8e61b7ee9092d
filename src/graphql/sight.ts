/** What the viewer sees: rooms, knocks, transitions, members and events, each by access/ and null when hidden. */
import {
  isModerator,
  seesEvent,
  seesKnocks,
  seesReasons,
  seesRoom,
  visibleMemberships,
} from '../access/room-access.ts';
import { isBounded, isOwn, roomsGranted, standingIn, type Standing } from '../access/scopes.ts';
import { arm, type Arm } from '../log/arms.ts';
import type { StoredEvent } from '../log/read.ts';
import type { TransitionRow } from '../log/transition-queries.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { PduFields } from '../matrix/pdu.ts';
import { redact, redactContent } from '../matrix/redaction.ts';
import { powerLevels, type PowerLevels, type StateEvent } from '../matrix/room-state.ts';
import { roomVersion } from '../matrix/room-versions.ts';
import type { KnockRow } from '../projections/knock-queries.ts';
import type { MemberKey, MemberRow, RoomHead } from '../projections/room-queries.ts';
import { viewerOf, type Context } from './context.ts';
import { both } from './filters.ts';
import type { EventKey } from './loaders.ts';
import type { VisibleEvent } from './models.ts';
import { contentWithoutWords, hidesWords } from './quarantine.ts';

export interface RoomSight {
  readonly standing: Standing;
  readonly levels: PowerLevels;
}

/** Where the viewer stands in a room, and the levels there. Without the room: nowhere, and the defaults. */
export async function sightOf({ actor, loaders }: Context, roomId: string): Promise<RoomSight> {
  const viewer = viewerOf({ actor });
  const state = (type: string): Promise<StoredEvent | null> => loaders.state.load({ roomId, type, stateKey: '' });
  const [room, member, levels, create] = await Promise.all([
    loaders.room.load(roomId),
    loaders.member.load({ roomId, userId: viewer.userId }),
    state('m.room.power_levels'),
    state('m.room.create'),
    // Those who see every room look at many of them by name: it comes with the same statement.
    viewer.admin ? state('m.room.name') : null,
  ]);
  const version = room === null ? null : roomVersion(room.version);
  if (version === null) throw new MatrixError('M_NOT_FOUND', 'This server knows no such room.');
  const events = new Map<string, StateEvent | null>([
    ['m.room.power_levels', levels],
    ['m.room.create', create],
  ]);
  return {
    standing: standingIn(viewer, roomId, member?.membership ?? 'none'),
    levels: powerLevels({ get: (type, key) => (key === '' ? (events.get(type) ?? undefined) : undefined) }, version),
  };
}

/** The viewer sees all knocks and transitions of the room. */
export async function keepsDoor(context: Context, roomId: string): Promise<boolean> {
  if (viewerOf(context).admin) return true;
  const { standing, levels } = await sightOf(context, roomId);
  return seesKnocks(standing, levels);
}

/** A room that something visible names. */
export async function roomOf({ loaders }: Context, roomId: string): Promise<RoomHead> {
  const room = await loaders.room.load(roomId);
  if (room === null) throw new MatrixError('M_NOT_FOUND', 'This server knows no such room.');
  return room;
}

export async function visibleRoom(context: Context, roomId: string): Promise<RoomHead | null> {
  const room = await context.loaders.room.load(roomId);
  if (room === null) return null;
  const { standing } = await sightOf(context, roomId);
  return seesRoom(standing) ? room : null;
}

/** A knock or a transition: of the viewer, or in a room whose door the viewer keeps. */
export async function visible<Row extends KnockRow | TransitionRow>(
  context: Context,
  row: Row | null,
): Promise<Row | null> {
  if (row === null || isOwn(viewerOf(context), row.userId)) return row;
  return (await keepsDoor(context, row.roomId)) ? row : null;
}

export async function visibleMember(context: Context, key: MemberKey): Promise<MemberRow | null> {
  const member = await context.loaders.member.load(key);
  if (member === null || isOwn(viewerOf(context), member.userId)) return member;
  const { standing, levels } = await sightOf(context, key.roomId);
  const seen = visibleMemberships(standing, levels);
  return seen === null || seen.includes(member.membership) ? member : null;
}

/** An event, with what the viewer may see of its words. */
export async function visibleEvent(context: Context, key: EventKey): Promise<VisibleEvent | null> {
  const event = await context.loaders.event.load(key);
  if (event === null) return null;
  const { standing, levels } = await sightOf(context, key.roomId);
  if (!seesEvent(standing, levels, event)) return null;
  if (!seesReasons(standing)) return withoutWords(context, event);
  if (!(await hidesWords(context, event))) return event;
  return { ...(await withoutWords(context, event)), content: contentWithoutWords(event) };
}

/** The redacted form: whose signatures are good, and in which nobody said anything. */
async function withoutWords({ loaders }: Context, event: StoredEvent): Promise<VisibleEvent> {
  const room = await loaders.room.load(event.roomId);
  const version = room === null ? null : roomVersion(room.version);
  if (version === null) throw new MatrixError('M_NOT_FOUND', 'This server knows no such room.');
  const content = redactContent(event, version);
  const pdu = { ...redact(event.pdu, version), content } as PduFields;
  return { ...event, content, pdu, reasonIsHidden: Object.hasOwn(event.content, 'reason') };
}

/** Which part of a list; null: whatever it is. */
export interface ArmScope {
  readonly roomIds: readonly string[] | null;
  readonly userIds: readonly string[] | null;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Only in rooms whose door the viewer keeps, not also what is their own. */
  readonly keptOnly?: boolean;
}

/** The parts of a list of knocks or transitions that the viewer sees. */
export async function visibleArms(context: Context, scope: ArmScope): Promise<readonly Arm[]> {
  const viewer = viewerOf(context);
  const { userId: me, admin } = viewer;
  const { roomIds, userIds } = scope;
  const bounds = { from: scope.from ?? null, to: scope.to ?? null };
  const cross = (rooms: readonly (string | null)[], users: readonly (string | null)[]): readonly Arm[] =>
    rooms.flatMap((roomId) => users.map((userId) => arm({ ...bounds, roomId, userId })));
  if (admin) return cross(roomIds ?? [null], userIds ?? [null]);
  if (isBounded(viewer))
    return cross(both(roomIds, roomsGranted(viewer.grant, 'knocks:read')) ?? [null], userIds ?? [null]);
  if (scope.keptOnly === true) return cross(await keptDoors(context, roomIds), userIds ?? [null]);
  const own = userIds === null || userIds.includes(me) ? cross(roomIds ?? [null], [me]) : [];
  const others = userIds?.filter((userId) => userId !== me) ?? null;
  if (others?.length === 0) return own;
  const kept = await keptDoors(context, roomIds);
  return [...cross(kept, others ?? [null]), ...own];
}

/** The rooms, among these or all, whose door the viewer keeps by power. */
export async function keptDoors(context: Context, roomIds: readonly string[] | null): Promise<readonly string[]> {
  const { loaders } = context;
  const memberships = await loaders.memberships.load(viewerOf(context).userId);
  // What sightOf() would ask for next.
  for (const { room, ...member } of memberships) {
    loaders.member.prime({ roomId: member.roomId, userId: member.userId }, member);
    if (room !== null) loaders.room.prime(room.roomId, room);
  }
  const joined = memberships.filter(({ membership }) => membership === 'join').map(({ roomId }) => roomId);
  const candidates = roomIds === null ? joined : joined.filter((roomId) => roomIds.includes(roomId));
  const kept = await Promise.all(
    candidates.map(async (roomId) => {
      const { standing, levels } = await sightOf(context, roomId);
      return isModerator(standing, levels);
    }),
  );
  return candidates.filter((_, n) => kept[n]);
}

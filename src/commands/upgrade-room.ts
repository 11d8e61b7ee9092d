/** Replacing a room by one of another version: the new room, the old one's end, its aliases and its listing in one unit. */
import { setImmediate } from 'node:timers/promises';
import { maySetState } from '../access/room-access.ts';
import { aliasesOfRoom, moveAliases } from '../directory/aliases.ts';
import { setVisibility, visibilityOf } from '../directory/published-rooms.ts';
import { MatrixError } from '../matrix/errors.ts';
import { parseUserId, type RoomAlias, type RoomId, type UserId } from '../matrix/identifiers.ts';
import { jsonObject, type JsonObject } from '../matrix/json.ts';
import { stringIn } from '../matrix/pdu.ts';
import { isRejection } from '../matrix/rejection.ts';
import { roomVersion, type RoomVersion } from '../matrix/room-versions.ts';
import { bannedIn } from '../projections/members.ts';
import { actionOf, notInRoom, recordingRefusal, type Actor, type CommandDeps } from './act.ts';
import { MAX_ALIASES, withoutAliases } from './aliases.ts';
import { chainOnRoom, type EventChain } from './event-chain.ts';
import { memberDraft, powerOf, profileFields } from './member-draft.ts';
import { newRoomId, startRoom } from './new-room.ts';
import type { Decision, LaneRoom } from './lanes/room-lane.ts';
import { defaultLevels, planCreate } from './room-plan.ts';
import {
  closedLevels,
  COPIED_TYPES,
  inheritedCreation,
  inheritedJoinRules,
  inheritedLevels,
  onlyAliases,
  type Passage,
} from './upgrade-plan.ts';

export interface UpgradeInput {
  readonly roomId: RoomId;
  readonly newVersion: string;
  /** Heard by versions in which creators stand above the levels. */
  readonly additionalCreators?: readonly string[] | undefined;
}

/** Every ban goes along, in the unit that makes the room: more of them would keep everybody's writes waiting. */
const MAX_BANS = 10_000;
const BANS_A_TURN = 100;

/**
 * Upgrades a room (client-server API, upgradeRoom): makes the replacement with the state that is handed on and all bans,
 * moves the aliases and the listing, ends the old room with a tombstone and, as far as the actor may, closes it. All of it
 * is stored or none. Throws M_UNSUPPORTED_ROOM_VERSION, M_INVALID_PARAM for additional creators that are no users,
 * M_FORBIDDEN for who may not send the tombstone, M_TOO_LARGE for a room with more than 10,000 bans.
 */
export async function upgradeRoom(
  deps: CommandDeps,
  actor: Actor,
  input: UpgradeInput,
): Promise<{ readonly replacement: RoomId }> {
  const { roomId, newVersion } = input;
  const to = roomVersion(newVersion);
  const act = { operation: 'upgradeRoom', roomId, target: to?.id ?? null };
  deps.limits?.consume(act.operation, actor.userId, roomId);
  return recordingRefusal(deps, actor, act, async () => {
    if (to === null) throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION');
    const creators = creatorsOf(actor, to, input.additionalCreators ?? []);
    return deps.lanes.run(roomId, async (room) => {
      if (room === null) throw notInRoom();
      await checkPower(room, actor);
      const old = await readOldRoom(deps, room);
      const { made, ended } = await replace(deps, actor, room, old, { from: room.head.version, to, creators });
      return decide(deps, actor, act, { roomId, old, made, ended });
    });
  });
}

function creatorsOf(actor: Actor, version: RoomVersion, additional: readonly string[]): readonly UserId[] {
  if (!version.privilegedCreators) return [actor.userId];
  const others = additional.map((text) => {
    const userId = parseUserId(text);
    if (userId === null) throw new MatrixError('M_INVALID_PARAM', 'additional_creators must be a list of user ids.');
    return userId;
  });
  return [...new Set([actor.userId, ...others])];
}

async function checkPower(room: LaneRoom, actor: Actor): Promise<void> {
  const { standing, levels } = await powerOf(room, actor);
  if (standing.membership !== 'join') throw notInRoom();
  const permission = maySetState(standing, levels, 'm.room.tombstone');
  if (!permission.allowed) throw new MatrixError('M_FORBIDDEN', permission.why);
}

interface OldRoom {
  /** Content of a state event, if there is one. */
  readonly content: (type: string) => JsonObject | null;
  readonly bans: readonly { readonly userId: UserId; readonly reason: string | undefined }[];
  readonly aliases: readonly RoomAlias[];
  readonly listed: boolean;
}

async function readOldRoom(deps: CommandDeps, room: LaneRoom): Promise<OldRoom> {
  // What is read besides the lane's own state has to be as new as that.
  await room.appended();
  const types = ['m.room.create', 'm.room.power_levels', 'm.room.canonical_alias', ...COPIED_TYPES];
  const state = await room.state(types.map((type) => [type, ''] as const));
  const { roomId } = room.head;
  const [banned, aliases, visibility] = await Promise.all([
    bannedIn(deps.db, roomId, MAX_BANS + 1),
    aliasesOfRoom(deps.db, roomId, MAX_ALIASES),
    visibilityOf(deps.db, roomId),
  ]);
  if (banned.length > MAX_BANS) {
    throw new MatrixError('M_TOO_LARGE', `A room with more than ${MAX_BANS} bans cannot be upgraded.`);
  }
  const bans = banned.map(({ userId, content }) => ({ userId, reason: stringIn(content, 'reason') ?? undefined }));
  const content = (type: string): JsonObject | null => state.get(type, '')?.pdu.content ?? null;
  return { content, bans, aliases, listed: visibility === 'public' };
}

interface Replacement {
  /** The first events of the new room. */
  readonly made: EventChain;
  /** The last ones of the old room, beginning with the tombstone. */
  readonly ended: EventChain;
}

/** Up to version 11 the create event names the tombstone; since 12 its hash is the room's id, which the tombstone needs. */
async function replace(
  deps: CommandDeps,
  actor: Actor,
  room: LaneRoom,
  old: OldRoom,
  passage: Passage,
): Promise<Replacement> {
  const ended = chainOnRoom(deps, actor, room);
  const { to: version, creators } = passage;
  const start = (roomId: RoomId, predecessor: JsonObject): EventChain => {
    const others = version.privilegedCreators ? { additional_creators: creators.slice(1) } : {};
    const creation_content = { ...inheritedCreation(old.content('m.room.create') ?? {}), predecessor, ...others };
    const create = planCreate({ creation_content }, version, { creator: actor.userId, nonce: deps.randomId(16) }, []);
    return startRoom(deps, actor, { version, create }, roomId);
  };
  const named = newRoomId(deps, version);
  const predecessor = { room_id: room.head.roomId };
  let made: EventChain;
  if (version.roomIdIsCreateHash) {
    made = start(named, predecessor);
    await entomb(ended, actor, made.head.roomId);
  } else {
    const event_id = await entomb(ended, actor, named);
    made = start(named, { ...predecessor, event_id });
  }
  await fill(deps, actor, made, old, passage);
  await close(actor, ended, old, passage.from);
  return { made, ended };
}

async function entomb(chain: EventChain, { userId: sender }: Actor, replacement: RoomId): Promise<string> {
  const content = { body: 'This room has been replaced', replacement_room: replacement };
  const sent = await chain.send({ type: 'm.room.tombstone', stateKey: '', sender, content });
  if (isRejection(sent)) throw new MatrixError('M_FORBIDDEN', sent.message);
  return sent.eventId;
}

/**
 * The levels come last: until there are any, the creator has the power for all the rest, and afterwards nobody has more
 * than in the old room.
 */
async function fill(
  deps: CommandDeps,
  { userId: sender }: Actor,
  chain: EventChain,
  old: OldRoom,
  passage: Passage,
): Promise<void> {
  const profile = await profileFields(deps.db, sender, deps.identity.serverName);
  const join = memberDraft({ sender, target: sender, membership: 'join', profile });
  const state = (type: string, content: JsonObject) => ({ type, stateKey: '', sender, content });
  const copied = COPIED_TYPES.flatMap((type) => {
    const content = old.content(type);
    if (content === null || Object.keys(content).length === 0) return [];
    return [state(type, type === 'm.room.join_rules' ? inheritedJoinRules(content, passage.to) : content)];
  });
  const named = onlyAliases(old.content('m.room.canonical_alias') ?? {}, old.aliases);
  const before = old.content('m.room.power_levels');
  const levels = before === null ? defaultLevels(passage.to, passage.creators) : inheritedLevels(before, passage);
  const drafts = [join, ...copied, ...(named === null ? [] : [state('m.room.canonical_alias', named)])];
  for (const draft of drafts) await mustSend(chain, draft);
  for (const [n, { userId: target, reason }] of old.bans.entries()) {
    // Signing thousands of bans at one go would make everybody wait.
    if (n % BANS_A_TURN === BANS_A_TURN - 1) await setImmediate();
    // Whoever is made a creator is banned no more, nor is a creator that can be banned.
    if (!passage.creators.includes(target))
      await mustSend(chain, memberDraft({ sender, target, membership: 'ban', reason }));
  }
  await mustSend(chain, state('m.room.power_levels', levels));
}

async function mustSend(chain: EventChain, draft: Parameters<EventChain['send']>[0]): Promise<void> {
  const sent = await chain.send(draft);
  if (isRejection(sent)) throw new MatrixError('M_INVALID_ROOM_STATE', sent.message);
}

// As far as the rules let the actor: the tombstone is what counts.
async function close({ userId: sender }: Actor, chain: EventChain, old: OldRoom, version: RoomVersion): Promise<void> {
  const levels = old.content('m.room.power_levels');
  const changes = {
    'm.room.power_levels': levels === null ? null : closedLevels(levels, version),
    'm.room.canonical_alias': withoutAliases(old.content('m.room.canonical_alias') ?? jsonObject({}), old.aliases),
  };
  for (const [type, content] of Object.entries(changes))
    if (content !== null) await chain.send({ type, stateKey: '', sender, content });
}

function decide(
  deps: CommandDeps,
  actor: Actor,
  act: { readonly operation: string; readonly roomId: RoomId; readonly target: string | null },
  { roomId, old, made, ended }: Replacement & { readonly roomId: RoomId; readonly old: OldRoom },
): Decision<{ readonly replacement: RoomId }> {
  const replacement = made.head.roomId;
  return {
    judged: [...made.judged, ...ended.judged],
    actions: [actionOf(actor, act, 'ok', ended.judged[0]!.slot)],
    async within(tx) {
      if (old.aliases.length > 0) await moveAliases(tx, roomId, replacement);
      if (!old.listed) return;
      await setVisibility(tx, roomId, 'private', deps.now());
      await setVisibility(tx, replacement, 'public', deps.now());
    },
    answer: { replacement },
  };
}

/** Joining a room: because it is open, after an invite, or vouched for as a member of another room. */
import { MatrixError } from '../matrix/errors.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { isJsonObject } from '../matrix/json.ts';
import { creators, joinRule, powerLevels } from '../matrix/room-state.ts';
import { allowedRooms } from '../matrix/room-words.ts';
import { isJoinedToAny, joinedAmong } from '../projections/members.ts';
import { actInRoom, type ActResult, type Actor, type CommandDeps } from './act.ts';
import { memberDraft, profileAhead, standingOf, unknownRoom, unlessSaid, type SelfInput } from './member-draft.ts';
import { isResident, type HeadState } from './room-head.ts';
import type { LaneRoom } from './room-lane.ts';

/**
 * Joins. Already joined is no error and sends nothing, unless `content` brings another profile.
 * Throws M_FORBIDDEN by the rules; M_UNABLE_TO_GRANT_JOIN when nobody here could vouch for a restricted join;
 * M_NOT_FOUND or M_UNKNOWN (502) for an unknown room, as knock().
 */
export async function joinRoom(deps: CommandDeps, actor: Actor, input: SelfInput): Promise<ActResult> {
  const { roomId, reason, content, via } = input;
  const profile = await profileAhead(deps, actor.userId);
  const act = { operation: 'joinRoom', roomId, target: actor.userId, unknownRoom: unknownRoom(deps, actor, via) };
  return actInRoom(deps, actor, act, async (room) => {
    if (!isResident(room.head, deps.identity.serverName)) throw act.unknownRoom();
    const { membership, event } = await standingOf(room, actor.userId);
    if (membership === 'join' && content === undefined) return { unchanged: event?.eventId ?? null };
    const outside = membership === 'none' || membership === 'leave' || membership === 'knock';
    const draft = memberDraft({
      sender: actor.userId,
      target: actor.userId,
      membership: 'join',
      reason,
      profile: await profile(),
      content,
      authoriser: outside ? await authoriserFor(deps, room, actor.userId) : undefined,
    });
    return membership === 'join' ? unlessSaid(event, draft) : { send: draft };
  });
}

const ROOM_KEYS = [
  ['m.room.create', ''],
  ['m.room.join_rules', ''],
  ['m.room.power_levels', ''],
] as const;

/** Under a restricted rule the member who vouches for a join from outside; undefined when nobody has to, or would. */
async function authoriserFor(deps: CommandDeps, room: LaneRoom, userId: UserId): Promise<UserId | undefined> {
  const state = await room.state(ROOM_KEYS);
  if (!room.head.version.restrictedJoinRules.includes(joinRule(state))) return undefined;
  if (!(await isInAllowedRoom(deps, state, userId))) return undefined;
  return findAuthoriser(deps, room, state);
}

/** Whether the user is joined to a room that the join rule's `allow` names; malformed entries allow nothing. */
async function isInAllowedRoom(deps: CommandDeps, state: HeadState, userId: UserId): Promise<boolean> {
  const content = state.get('m.room.join_rules', '')?.pdu.content;
  const rooms = content === undefined ? [] : allowedRooms(content);
  return isJoinedToAny(deps.db, rooms, userId);
}

async function findAuthoriser(deps: CommandDeps, room: LaneRoom, state: HeadState): Promise<UserId> {
  const levels = powerLevels(state, room.head.version);
  const content = state.get('m.room.power_levels', '')?.pdu.content;
  const listed = isJsonObject(content?.['users']) ? Object.keys(content['users']) : [];
  const named = [...listed, ...creators(state, room.head.version)].filter(
    (userId) => levels.user(userId) >= levels.invite,
  );
  const anybody = levels.user('') >= levels.invite;
  const { serverName } = deps.identity;
  const candidates = await joinedAmong(deps.db, room.head.roomId, serverName, anybody ? null : named);
  for (const candidate of candidates) {
    // The projection may lag behind what the lane has accepted: the head decides.
    const { membership } = await standingOf(room, candidate);
    if (membership === 'join' && levels.user(candidate) >= levels.invite) return candidate;
  }
  throw new MatrixError('M_UNABLE_TO_GRANT_JOIN');
}

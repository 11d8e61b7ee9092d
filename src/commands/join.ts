/** Joining a room: because it is open, after an invite, or vouched for as a member of another room. */
import { MatrixError } from '../matrix/errors.ts';
import { parseRoomId, type UserId } from '../matrix/identifiers.ts';
import { isJsonArray, isJsonObject, type JsonObject } from '../matrix/json.ts';
import { joinRule, membershipIn, powerLevels } from '../matrix/room-state.ts';
import { membershipOf as currentMembership } from '../projections/room-state.ts';
import { joinedAmong } from '../projections/members.ts';
import { actInRoom, type ActResult, type Actor, type CommandDeps, type RoomDecision } from './act.ts';
import { memberDraft, profileFields, standingOf, unknownRoom, unlessSaid, type SelfInput } from './member-draft.ts';
import { isResident, type HeadState } from './room-head.ts';
import type { LaneRoom } from './room-lane.ts';

/**
 * Joins. Already joined is no error and sends nothing, unless `content` brings another profile.
 * Throws M_FORBIDDEN by the rules; M_UNABLE_TO_GRANT_JOIN when nobody here could vouch for a restricted join;
 * M_NOT_FOUND or M_UNKNOWN (502) for an unknown room, as knock().
 */
export async function joinRoom(deps: CommandDeps, actor: Actor, input: SelfInput): Promise<ActResult> {
  const { roomId, reason, via } = input;
  const profile = await profileFields(deps.db, actor.userId, deps.identity.serverName);
  const act = { operation: 'joinRoom', roomId, target: actor.userId, unknownRoom: unknownRoom(via) };
  return actInRoom(deps, actor, act, async (room) => {
    if (!isResident(room.head, deps.identity.serverName)) throw act.unknownRoom();
    const { membership, event } = await standingOf(room, actor.userId);
    const content =
      membership === 'none' || membership === 'leave' || membership === 'knock'
        ? await vouched(deps, room, actor.userId, input.content)
        : input.content;
    const draft = memberDraft({
      sender: actor.userId,
      target: actor.userId,
      membership: 'join',
      reason,
      profile,
      content,
    });
    return membership === 'join' ? stillJoined(event, draft, input) : { send: draft };
  });
}

function stillJoined(
  event: Parameters<typeof unlessSaid>[0],
  draft: Parameters<typeof unlessSaid>[1],
  input: SelfInput,
): RoomDecision {
  return input.content === undefined ? { unchanged: event?.eventId ?? null } : unlessSaid(event, draft);
}

const ROOM_KEYS = [
  ['m.room.create', ''],
  ['m.room.join_rules', ''],
  ['m.room.power_levels', ''],
] as const;

/** The content of a join from outside: under a restricted rule somebody who could invite is named in it. */
async function vouched(
  deps: CommandDeps,
  room: LaneRoom,
  userId: UserId,
  content: JsonObject | undefined,
): Promise<JsonObject | undefined> {
  const state = await room.state([...ROOM_KEYS, ['m.room.member', userId]]);
  if (!room.head.version.restrictedJoinRules.includes(joinRule(state))) return content;
  if (membershipIn(state, userId) === 'ban') return content;
  if (!(await isInAllowedRoom(deps, state, userId))) return content;
  const authoriser = await findAuthoriser(deps, room, state);
  return { ...content, join_authorised_via_users_server: authoriser };
}

/** Whether the user is joined to a room that the join rule's `allow` names; malformed entries allow nothing. */
async function isInAllowedRoom(deps: CommandDeps, state: HeadState, userId: UserId): Promise<boolean> {
  const allow = state.get('m.room.join_rules', '')?.pdu.content['allow'];
  for (const entry of isJsonArray(allow) ? allow : []) {
    if (!isJsonObject(entry) || entry['type'] !== 'm.room_membership' || typeof entry['room_id'] !== 'string') continue;
    const roomId = parseRoomId(entry['room_id']);
    if (roomId === null) continue;
    const membership = await currentMembership(deps.db, roomId, userId);
    if (membership?.membership === 'join') return true;
  }
  return false;
}

async function findAuthoriser(deps: CommandDeps, room: LaneRoom, state: HeadState): Promise<UserId> {
  const levels = powerLevels(state, room.head.version);
  const content = state.get('m.room.power_levels', '')?.pdu.content;
  const listed = isJsonObject(content?.['users']) ? Object.keys(content['users']) : [];
  const creator = state.get('m.room.create', '')?.pdu.sender ?? '';
  const named = [...listed, creator].filter((userId) => levels.user(userId) >= levels.invite);
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

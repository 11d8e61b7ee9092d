/** Setting room state: any state event, a member event by the rules of its membership act, the join rule by name. */
import { MatrixError } from '../matrix/errors.ts';
import { parseUserId, type EventId, type RoomId } from '../matrix/identifiers.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../matrix/json.ts';
import { isMembership } from '../matrix/pdu.ts';
import { creators } from '../matrix/room-state.ts';
import { actInRoom, notInRoom, recordingRefusal, type ActResult, type Actor, type CommandDeps } from './act.ts';
import { banUser } from './ban.ts';
import { checkCanonicalAlias } from './canonical-alias.ts';
import { inviteUser } from './invite.ts';
import { joinRoom } from './join.ts';
import { knock } from './knock.ts';
import { leaveRoom, putOutUser } from './leave.ts';
import { standingOf } from './member-draft.ts';
import type { LaneRoom } from './lanes/room-lane.ts';

export interface StateInput {
  readonly roomId: RoomId;
  readonly type: string;
  readonly stateKey: string;
  readonly content: JsonObject;
}

/**
 * Sends a state event. Member events become the act they mean. Throws M_FORBIDDEN by the rules; M_INVALID_PARAM for a
 * create event, for power levels that are not integers and for creators listed among them; M_BAD_ALIAS for aliases that
 * do not point to the room; M_BAD_JSON for an unknown membership.
 */
export async function sendState(
  deps: CommandDeps,
  actor: Actor,
  input: StateInput,
  operation = 'sendState',
): Promise<{ readonly eventId: EventId }> {
  const act = { operation, roomId: input.roomId, target: input.stateKey === '' ? input.type : input.stateKey };
  const { eventId } =
    input.type === 'm.room.member'
      ? await sendMember(deps, actor, input, act)
      : await actInRoom(deps, actor, act, async (room) => {
          const { type, stateKey, content } = input;
          if ((await standingOf(room, actor.userId)).membership !== 'join') throw notInRoom();
          await checkContent(deps, room, input);
          return { send: { type, stateKey, content, sender: actor.userId } };
        });
  if (eventId === null) throw new MatrixError('M_FORBIDDEN', 'There is nothing to change.');
  return { eventId };
}

/** Sets the room's join rule; `allow` lists the rooms of a restricted one. Throws as sendState(). */
export async function setJoinRule(
  deps: CommandDeps,
  actor: Actor,
  input: { readonly roomId: RoomId; readonly joinRule: string; readonly allow?: readonly RoomId[] | undefined },
): Promise<{ readonly eventId: EventId }> {
  const { roomId, joinRule, allow } = input;
  const entries = allow?.map((room) => ({ type: 'm.room_membership', room_id: room }));
  const content: JsonObject = { join_rule: joinRule, ...(entries === undefined ? {} : { allow: entries }) };
  return sendState(deps, actor, { roomId, type: 'm.room.join_rules', stateKey: '', content }, 'setJoinRule');
}

async function sendMember(
  deps: CommandDeps,
  actor: Actor,
  { roomId, stateKey, content }: StateInput,
  act: { readonly operation: string; readonly roomId: RoomId; readonly target: string },
): Promise<ActResult> {
  const userId = parseUserId(stateKey);
  const membership = content['membership'];
  const noText = ['reason', 'displayname', 'avatar_url'].find((key) => !isText(content[key], key !== 'reason'));
  if (userId === null || !isMembership(membership) || noText !== undefined) {
    return recordingRefusal(deps, actor, act, () => {
      if (userId === null) throw new MatrixError('M_INVALID_PARAM', 'The state key of a member event is a user id.');
      if (noText !== undefined) throw new MatrixError('M_BAD_JSON', `${noText} must be a string.`);
      throw new MatrixError('M_BAD_JSON', 'membership must be one of invite, join, knock, leave and ban.');
    });
  }
  const self = userId === actor.userId;
  switch (membership) {
    case 'join':
      if (!self) return refuseForOther(deps, actor, act);
      return joinRoom(deps, actor, { roomId, content });
    case 'knock':
      if (!self) return refuseForOther(deps, actor, act);
      return knock(deps, actor, { roomId, content });
    case 'invite':
      return inviteUser(deps, actor, { roomId, userId, content });
    case 'ban':
      return banUser(deps, actor, { roomId, userId, content });
    case 'leave':
      if (self) return leaveRoom(deps, actor, { roomId, content });
      return putOutUser(deps, actor, { roomId, userId, content }, act.operation);
    default:
      return membership satisfies never;
  }
}

// Clients write null for a name that somebody does not have.
function isText(value: JsonValue | undefined, orNull: boolean): boolean {
  return value === undefined || typeof value === 'string' || (orNull && value === null);
}

function refuseForOther(
  deps: CommandDeps,
  actor: Actor,
  act: Parameters<typeof recordingRefusal>[2],
): Promise<ActResult> {
  return recordingRefusal(deps, actor, act, () => {
    throw new MatrixError('M_FORBIDDEN', 'Nobody joins or knocks for somebody else.');
  });
}

async function checkContent(deps: CommandDeps, room: LaneRoom, { type, stateKey, content }: StateInput): Promise<void> {
  if (type === 'm.room.create') throw new MatrixError('M_INVALID_PARAM', 'A room is created once.');
  if (type === 'm.room.power_levels' && stateKey === '') await checkPowerLevels(room, content);
  if (type === 'm.room.canonical_alias' && stateKey === '') await checkCanonicalAlias(deps, room, content);
}

async function checkPowerLevels(room: LaneRoom, content: JsonObject): Promise<void> {
  const problem = powerLevelProblem(content);
  if (problem !== null) throw new MatrixError('M_INVALID_PARAM', problem);
  if (!room.head.version.privilegedCreators) return;
  const listed = isJsonObject(content['users']) ? content['users'] : {};
  const state = await room.state([['m.room.create', '']]);
  for (const creator of creators(state, room.head.version)) {
    if (Object.hasOwn(listed, creator)) {
      throw new MatrixError('M_INVALID_PARAM', `${creator} created the room and stands above all power levels.`);
    }
  }
}

/** The levels of their own in a power levels event. */
export const LEVELS = ['ban', 'events_default', 'invite', 'kick', 'redact', 'state_default', 'users_default'];
/** Its maps of levels. */
export const LEVEL_MAPS = ['events', 'notifications', 'users'];

/** What is wrong with the levels that a local user sets: integers only, in every room version. */
export function powerLevelProblem(content: JsonObject): string | null {
  const wrong = (value: JsonValue | undefined) => value !== undefined && !Number.isInteger(value);
  for (const key of LEVELS) if (wrong(content[key])) return `${key} must be an integer.`;
  for (const key of LEVEL_MAPS) {
    const map = content[key];
    if (map === undefined) continue;
    if (!isJsonObject(map)) return `${key} must be an object.`;
    if (Object.values(map).some(wrong)) return `The levels in ${key} must be integers.`;
  }
  const users = content['users'];
  if (isJsonObject(users) && Object.keys(users).some((id) => parseUserId(id) === null)) return 'users lists user ids.';
  return null;
}

/** What a createRoom request asks for, as the list of state events to send (client-server API, createRoom). */
import { MatrixError } from '../matrix/errors.ts';
import { parseUserId, serverOf, type RoomAlias, type ServerName, type UserId } from '../matrix/identifiers.ts';
import { isJsonArray, jsonObject, type JsonObject, type JsonValue } from '../matrix/json.ts';
import { roomVersion, type RoomVersion, type RoomVersionId } from '../matrix/room-versions.ts';
import { newAlias } from './aliases.ts';
import { aliasesIn } from './canonical-alias.ts';
import type { RoomStart } from './new-room.ts';
import { powerLevelProblem } from './send-state.ts';

/** The request body, its shape checked at the door; what depends on values is checked here. */
export interface CreateRoomInput {
  readonly preset?: 'private_chat' | 'trusted_private_chat' | 'public_chat' | undefined;
  readonly visibility?: 'public' | 'private' | undefined;
  readonly room_version?: string | undefined;
  readonly name?: string | undefined;
  readonly topic?: string | undefined;
  readonly room_alias_name?: string | undefined;
  readonly invite?: readonly string[] | undefined;
  readonly invite_3pid?: readonly JsonObject[] | undefined;
  readonly is_direct?: boolean | undefined;
  readonly creation_content?: JsonObject | undefined;
  readonly power_level_content_override?: JsonObject | undefined;
  readonly initial_state?:
    readonly { readonly type: string; readonly state_key?: string; readonly content: JsonObject }[] | undefined;
}

export interface PlannedState {
  readonly type: string;
  readonly stateKey: string;
  readonly content: JsonObject;
}

export interface RoomPlan extends RoomStart {
  /** An alias to make for it, which becomes its main one. */
  readonly alias: RoomAlias | null;
  readonly visibility: 'public' | 'private';
  /** Everything after the creator's join, in order. */
  readonly state: readonly PlannedState[];
  readonly invites: readonly UserId[];
  readonly isDirect: boolean;
}

/**
 * Events of `initial_state`. With as many invites and what every room begins with they fit into one batch: signing thousands
 * at one go would make everybody wait.
 */
const MAX_INITIAL_STATE = 100;

type Preset = NonNullable<CreateRoomInput['preset']>;

/** Throws M_UNSUPPORTED_ROOM_VERSION, M_INVALID_PARAM, M_TOO_LARGE and M_BAD_JSON for what cannot be asked for. */
export function planRoom(
  input: CreateRoomInput,
  by: {
    readonly creator: UserId;
    readonly serverName: ServerName;
    readonly defaultVersion: RoomVersionId;
    readonly nonce: string;
  },
): RoomPlan {
  const version = roomVersion(input.room_version ?? by.defaultVersion);
  if (version === null) throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION');
  if ((input.invite_3pid ?? []).length > 0)
    throw new MatrixError('M_INVALID_PARAM', 'This server invites by user id only.');
  const preset = input.preset ?? (input.visibility === 'public' ? 'public_chat' : 'private_chat');
  const invites = [...new Set((input.invite ?? []).map(invitee))];
  if (input.creation_content?.['m.federate'] === false && invites.some((userId) => serverOf(userId) !== by.serverName))
    throw new MatrixError('M_FORBIDDEN', 'The room is not open to users of other servers.');
  const trusted = preset === 'trusted_private_chat' ? invites : [];
  const alias = input.room_alias_name === undefined ? null : aliasOf(input.room_alias_name, by.serverName);
  const given = input.initial_state ?? [];
  if (given.length > MAX_INITIAL_STATE) {
    throw new MatrixError('M_TOO_LARGE', `initial_state takes at most ${MAX_INITIAL_STATE} events.`);
  }
  const initial = given.map((entry) => plannedState(entry, alias));
  const levels = planPowerLevels(input, version, preset, by.creator, trusted, initial);
  return {
    version,
    create: planCreate(input, version, by, trusted),
    alias,
    visibility: input.visibility ?? 'private',
    state: [levels, ...planAlias(alias), ...planPreset(preset, initial), ...initial, ...planNames(input)],
    invites,
    isDirect: input.is_direct === true,
  };
}

function invitee(text: string): UserId {
  const userId = parseUserId(text);
  if (userId === null) throw new MatrixError('M_INVALID_PARAM', 'invite lists user ids.');
  return userId;
}

// The local part alone: what brings a domain along names another alias than it seems to.
function aliasOf(localpart: string, serverName: ServerName): RoomAlias {
  if (localpart.includes(':') || localpart.startsWith('#')) {
    throw new MatrixError('M_INVALID_PARAM', 'room_alias_name is the part of the alias between # and the colon.');
  }
  return newAlias(`#${localpart}:${serverName}`, serverName);
}

function planAlias(alias: RoomAlias | null): readonly PlannedState[] {
  return alias === null ? [] : [{ type: 'm.room.canonical_alias', stateKey: '', content: jsonObject({ alias }) }];
}

function plannedState(
  entry: NonNullable<CreateRoomInput['initial_state']>[number],
  made: RoomAlias | null,
): PlannedState {
  const { type, state_key: stateKey = '', content } = entry;
  if (type === 'm.room.create' || type === 'm.room.member') {
    throw new MatrixError('M_INVALID_ROOM_STATE', `initial_state cannot hold ${type}.`);
  }
  // No other alias can lead to a room that is not there yet.
  const aliases = type === 'm.room.canonical_alias' && stateKey === '' ? aliasesIn(content) : [];
  if (aliases.some((alias) => alias !== made)) throw new MatrixError('M_BAD_ALIAS');
  const problem = type === 'm.room.power_levels' && stateKey === '' ? powerLevelProblem(content) : null;
  if (problem !== null) throw new MatrixError('M_INVALID_PARAM', problem);
  return { type, stateKey, content };
}

/** Content of the create event. Throws M_INVALID_PARAM for additional creators that are no users, where the version hears them. */
export function planCreate(
  input: Pick<CreateRoomInput, 'creation_content'>,
  version: RoomVersion,
  by: { readonly creator: UserId; readonly nonce: string },
  trusted: readonly UserId[],
): JsonObject {
  const { creator: _creator, ...wanted } = input.creation_content ?? {};
  const content: Record<string, JsonValue> = { ...wanted, room_version: version.id };
  if (version.creatorInContent) content['creator'] = by.creator;
  if (version.privilegedCreators) {
    const additional = additionalCreators(wanted['additional_creators'], trusted, by.creator);
    if (additional.length > 0) content['additional_creators'] = additional;
    else delete content['additional_creators'];
    // The create event's hash names the room: two rooms made in one millisecond must differ.
    content['io.vestibule.nonce'] = by.nonce;
  }
  return jsonObject(content);
}

function additionalCreators(
  given: JsonValue | undefined,
  trusted: readonly UserId[],
  creator: UserId,
): readonly string[] {
  if (given !== undefined && !isJsonArray(given)) {
    throw new MatrixError('M_INVALID_PARAM', 'additional_creators must be a list of user ids.');
  }
  const listed = (isJsonArray(given) ? given : []).map((id) => {
    const userId = typeof id === 'string' ? parseUserId(id) : null;
    if (userId === null) throw new MatrixError('M_INVALID_PARAM', 'additional_creators must be a list of user ids.');
    return userId;
  });
  return [...new Set([...listed, ...trusted])].filter((userId) => userId !== creator);
}

function planPowerLevels(
  input: CreateRoomInput,
  version: RoomVersion,
  preset: Preset,
  creator: UserId,
  trusted: readonly UserId[],
  initial: readonly PlannedState[],
): PlannedState {
  // Matrix lets every member invite, which on a room that people knock on makes every member a moderator.
  const invite = preset === 'public_chat' || knockable(initial) ? 50 : 0;
  const content = jsonObject({
    ...defaultLevels(version, [creator, ...trusted], invite),
    ...input.power_level_content_override,
  });
  const problem = powerLevelProblem(content);
  if (problem !== null) throw new MatrixError('M_INVALID_PARAM', problem);
  return { type: 'm.room.power_levels', stateKey: '', content };
}

/** The levels of a room that asks for no others; `leaders` have the most of them, unless they stand above all levels. */
export function defaultLevels(version: RoomVersion, leaders: readonly UserId[], invite = 0): JsonObject {
  const users = version.privilegedCreators ? {} : Object.fromEntries(leaders.map((userId) => [userId, 100]));
  return jsonObject({
    users,
    users_default: 0,
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite,
    events: {
      'm.room.name': 50,
      'm.room.avatar': 50,
      'm.room.canonical_alias': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
      'm.room.tombstone': version.privilegedCreators ? 150 : 100,
    },
  });
}

const KNOCK_RULES: readonly unknown[] = ['knock', 'knock_restricted'];

function knockable(initial: readonly PlannedState[]): boolean {
  const rule = initial.findLast((state) => state.type === 'm.room.join_rules' && state.stateKey === '');
  return rule !== undefined && KNOCK_RULES.includes(rule.content['join_rule']);
}

const PRESETS = {
  private_chat: { join_rule: 'invite', guest_access: 'can_join' },
  trusted_private_chat: { join_rule: 'invite', guest_access: 'can_join' },
  public_chat: { join_rule: 'public', guest_access: 'forbidden' },
} as const satisfies Record<Preset, object>;

/** The preset's state, without what initial_state replaces. */
function planPreset(preset: Preset, initial: readonly PlannedState[]): readonly PlannedState[] {
  const { join_rule, guest_access } = PRESETS[preset];
  const state: PlannedState[] = [
    { type: 'm.room.join_rules', stateKey: '', content: { join_rule } },
    { type: 'm.room.history_visibility', stateKey: '', content: { history_visibility: 'shared' } },
    { type: 'm.room.guest_access', stateKey: '', content: { guest_access } },
  ];
  return state.filter(({ type }) => !initial.some((given) => given.type === type && given.stateKey === ''));
}

function planNames({ name, topic }: CreateRoomInput): readonly PlannedState[] {
  const named = (type: string, content: JsonObject): PlannedState => ({ type, stateKey: '', content });
  return [
    ...(name === undefined || name === '' ? [] : [named('m.room.name', { name })]),
    ...(topic === undefined || topic === '' ? [] : [named('m.room.topic', topicContent(topic))]),
  ];
}

// Both ways to say it: the plain one, and as text among whatever representations clients may add (m.room.topic, v1.15).
function topicContent(topic: string): JsonObject {
  return jsonObject({ topic, 'm.topic': jsonObject({ 'm.text': [jsonObject({ body: topic })] }) });
}

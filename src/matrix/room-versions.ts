// Room versions as data: one constant a version, spread from the one before, naming only what changed.

export type RoomVersionId = '7' | '8' | '9' | '10' | '11' | '12';

/** What redaction keeps of a content: everything, or some keys, of which `nested` ones keep only some keys themselves. */
export type KeptContent =
  'all' | { readonly keys: readonly string[]; readonly nested?: Readonly<Record<string, readonly string[]>> };

export interface RoomVersion {
  readonly id: RoomVersionId;
  /** The state resolution algorithm: 2.1 starts from an empty state and replays the conflicted subgraph (MSC4297). */
  readonly stateResolution: '2' | '2.1';
  /** Join rules that admit a knock. */
  readonly knockJoinRules: readonly string[];
  /** Join rules under which a member of another room may join, vouched for by a user who could invite (MSC3083). */
  readonly restrictedJoinRules: readonly string[];
  /** Power levels must be integers; before, strings of digits counted too (MSC3667). */
  readonly integerPowerLevels: boolean;
  /** The creator is named in the create event's content; later it is the sender (MSC2175). */
  readonly creatorInContent: boolean;
  /** The room id is the create event's hash, and the create event is in no auth_events (MSC4291). */
  readonly roomIdIsCreateHash: boolean;
  /** Creators stand above every power level and are not listed in them (MSC4289). */
  readonly privilegedCreators: boolean;
  /** `redacts` stands in the content; before, at the top level (MSC2174). */
  readonly redactsInContent: boolean;
  /** The top-level keys that survive redaction. */
  readonly keptKeys: readonly string[];
  /** By event type, the content keys that survive redaction; nothing of any other type's content does. */
  readonly keptContent: Readonly<Record<string, KeptContent>>;
}

const KEPT_KEYS = [
  'event_id',
  'type',
  'room_id',
  'sender',
  'state_key',
  'content',
  'hashes',
  'signatures',
  'depth',
  'prev_events',
  'auth_events',
  'origin_server_ts',
];

const POWER_LEVEL_KEYS = [
  'ban',
  'events',
  'events_default',
  'kick',
  'redact',
  'state_default',
  'users',
  'users_default',
];

const V7: RoomVersion = {
  id: '7',
  stateResolution: '2',
  knockJoinRules: ['knock'],
  restrictedJoinRules: [],
  integerPowerLevels: false,
  creatorInContent: true,
  roomIdIsCreateHash: false,
  privilegedCreators: false,
  redactsInContent: false,
  keptKeys: [...KEPT_KEYS, 'prev_state', 'origin', 'membership'],
  keptContent: {
    'm.room.member': { keys: ['membership'] },
    'm.room.create': { keys: ['creator'] },
    'm.room.join_rules': { keys: ['join_rule'] },
    'm.room.power_levels': { keys: POWER_LEVEL_KEYS },
    'm.room.history_visibility': { keys: ['history_visibility'] },
  },
};

const V8: RoomVersion = {
  ...V7,
  id: '8',
  restrictedJoinRules: ['restricted'],
  keptContent: { ...V7.keptContent, 'm.room.join_rules': { keys: ['join_rule', 'allow'] } },
};

const V9: RoomVersion = {
  ...V8,
  id: '9',
  keptContent: { ...V8.keptContent, 'm.room.member': { keys: ['membership', 'join_authorised_via_users_server'] } },
};

const V10: RoomVersion = {
  ...V9,
  id: '10',
  knockJoinRules: ['knock', 'knock_restricted'],
  restrictedJoinRules: ['restricted', 'knock_restricted'],
  integerPowerLevels: true,
};

const V11: RoomVersion = {
  ...V10,
  id: '11',
  creatorInContent: false,
  redactsInContent: true,
  keptKeys: KEPT_KEYS,
  keptContent: {
    ...V10.keptContent,
    'm.room.member': {
      keys: ['membership', 'join_authorised_via_users_server'],
      nested: { third_party_invite: ['signed'] },
    },
    'm.room.create': 'all',
    'm.room.power_levels': { keys: [...POWER_LEVEL_KEYS, 'invite'] },
    'm.room.redaction': { keys: ['redacts'] },
  },
};

const V12: RoomVersion = {
  ...V11,
  id: '12',
  stateResolution: '2.1',
  roomIdIsCreateHash: true,
  privilegedCreators: true,
};

export const ROOM_VERSIONS: Readonly<Record<RoomVersionId, RoomVersion>> = {
  '7': V7,
  '8': V8,
  '9': V9,
  '10': V10,
  '11': V11,
  '12': V12,
};

/** The version of that name, or null when this server does not support it. */
export function roomVersion(id: string): RoomVersion | null {
  return isRoomVersionId(id) ? ROOM_VERSIONS[id] : null;
}

export function isRoomVersionId(id: string): id is RoomVersionId {
  return Object.hasOwn(ROOM_VERSIONS, id);
}

/** What a room hands on to the room that replaces it (client-server API, Room Upgrades). Pure: the old state is handed in. */
import { parseUserId, type UserId } from '../matrix/identifiers.ts';
import { isJsonArray, isJsonObject, jsonObject, type JsonObject, type JsonValue } from '../matrix/json.ts';
import { stringIn } from '../matrix/pdu.ts';
import { parseLevel } from '../matrix/room-state.ts';
import type { RoomVersion } from '../matrix/room-versions.ts';
import { LEVEL_MAPS, LEVELS } from './send-state.ts';

/** Copied as they are, when they say anything; the levels come last and are a case of their own. */
export const COPIED_TYPES = [
  'm.room.join_rules',
  'm.room.history_visibility',
  'm.room.guest_access',
  'm.room.server_acl',
  'm.room.encryption',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
] as const;

/** What the new create event takes over: the room's type, and that other servers are kept out. */
export function inheritedCreation(create: JsonObject): JsonObject {
  const type = stringIn(create, 'type');
  return jsonObject({
    ...(type === null ? {} : { type }),
    ...(create['m.federate'] === false ? { 'm.federate': false } : {}),
  });
}

/** The content under which a version admits whom the old rule admitted, or fewer: an unknown rule would let in nobody at all. */
export function inheritedJoinRules(content: JsonObject, version: RoomVersion): JsonObject {
  const rule = stringIn(content, 'join_rule');
  const { allow: _allow, ...rest } = content;
  if (rule === 'knock_restricted' && !version.knockJoinRules.includes(rule)) {
    return jsonObject({ ...rest, join_rule: 'knock' });
  }
  if (rule === 'restricted' && !version.restrictedJoinRules.includes(rule)) {
    return jsonObject({ ...rest, join_rule: 'invite' });
  }
  return content;
}

/** From which version to which, by whom, and who else creates the new room. */
export interface Passage {
  readonly from: RoomVersion;
  readonly to: RoomVersion;
  readonly creators: readonly UserId[];
}

/** The old levels as the new room can have them: integers, for user ids, without those who stand above them. */
export function inheritedLevels(content: JsonObject, { from, to, creators }: Passage): JsonObject {
  const levels: Record<string, JsonValue> = { ...content };
  for (const key of LEVELS) setLevel(levels, key, content[key], from);
  for (const key of LEVEL_MAPS) {
    const map = content[key];
    if (!isJsonObject(map)) {
      delete levels[key];
      continue;
    }
    const entries: Record<string, JsonValue> = Object.create(null);
    for (const name of Object.keys(map)) {
      if (key !== 'users' || parseUserId(name) !== null) setLevel(entries, name, map[name], from);
    }
    levels[key] = entries;
  }
  const users: Record<string, JsonValue> = { ...(isJsonObject(levels['users']) ? levels['users'] : {}) };
  if (to.privilegedCreators) {
    for (const creator of creators) delete users[creator];
    levels['events'] = withHighTombstone(levels, from);
  } else if (from.privilegedCreators) {
    // Nobody stands above the levels any more: the one who upgrades has to be named among them.
    for (const creator of creators) users[creator] = Math.max(100, highest(levels));
  }
  levels['users'] = users;
  return jsonObject(levels);
}

function setLevel(
  into: Record<string, JsonValue>,
  key: string,
  value: JsonValue | undefined,
  version: RoomVersion,
): void {
  const level = parseLevel(value, version);
  if (level === null || !Number.isSafeInteger(level)) delete into[key];
  else into[key] = level;
}

/** Above `state_default`, so that a room with creators is upgraded by them, or by whom they name (createRoom, version 12). */
const TOMBSTONE = 150;

function withHighTombstone(levels: JsonObject, from: RoomVersion): JsonObject {
  const events = isJsonObject(levels['events']) ? levels['events'] : {};
  const stateDefault = Number(levels['state_default'] ?? 50);
  const before = Number(Object.hasOwn(events, 'm.room.tombstone') ? events['m.room.tombstone'] : stateDefault);
  const kept = from.privilegedCreators && before > stateDefault;
  return { ...events, 'm.room.tombstone': kept ? before : Math.max(before, TOMBSTONE, stateDefault + 1) };
}

function highest(levels: JsonObject): number {
  const maps = LEVEL_MAPS.map((key) => levels[key]).filter(isJsonObject);
  const all = [...LEVELS.map((key) => levels[key]), ...maps.flatMap((map) => Object.values(map))];
  return Math.max(0, ...all.filter((level) => typeof level === 'number'));
}

/**
 * The old room's levels under which its members no longer talk and invite; null when they do not already. Nothing is
 * lowered.
 */
export function closedLevels(content: JsonObject, version: RoomVersion): JsonObject | null {
  const level = (key: string, absent: number): number => parseLevel(content[key], version) ?? absent;
  const least = Math.max(50, level('users_default', 0) + 1);
  const [talking, inviting] = [level('events_default', 0), level('invite', 0)];
  if (talking >= least && inviting >= least) return null;
  return jsonObject({
    ...content,
    events_default: Math.max(least, talking),
    invite: Math.max(least, inviting),
  });
}

/** A canonical alias event with only these of its aliases; null when it names none of them. */
export function onlyAliases(content: JsonObject, aliases: readonly string[]): JsonObject | null {
  const { alias, alt_aliases: others } = content;
  const moved = (name: unknown): boolean => aliases.some((known) => known === name);
  const listed = (isJsonArray(others) ? others : []).filter(moved);
  if (!moved(alias) && listed.length === 0) return null;
  return jsonObject({
    ...(moved(alias) ? { alias } : {}),
    ...(listed.length === 0 ? {} : { alt_aliases: listed }),
  });
}

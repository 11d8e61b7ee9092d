// Rule 10 (9 before version 12): which changes to the power levels a sender may make.
import { isUserId } from './identifiers.ts';
import { isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import { objectIn, type PduFields } from './pdu.ts';
import { reject, type Rejection, type RejectionRule } from './rejection.ts';
import { creators, parseLevel, powerLevels, type RoomState } from './room-state.ts';
import type { RoomVersion } from './room-versions.ts';

const NAMED_LEVELS = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'];

/** One level as it was and as it is to be; null where it is absent. */
interface Change {
  readonly key: string;
  readonly before: number | null;
  readonly after: number | null;
}

/**
 * Judges an m.room.power_levels event whose sender may send one at all; null allows it.
 * https://spec.matrix.org/latest/rooms/v12/#authorization-rules
 */
export function checkPowerLevels(pdu: PduFields, version: RoomVersion, state: RoomState): Rejection | null {
  const malformed = checkFormat(pdu.content, version, state);
  if (malformed !== null) return malformed;
  // If there is no previous m.room.power_levels event in the room, allow.
  const previous = state.get('m.room.power_levels', '');
  if (previous === undefined) return null;
  const power = powerLevels(state, version).user(pdu.sender);
  return checkChanges(previous.pdu.content, pdu, power, version);
}

function checkFormat(content: JsonObject, version: RoomVersion, state: RoomState): Rejection | null {
  // Since v10, if any of the named levels in content are present and not an integer, reject. Before, strings of digits
  // were levels too, and what is neither could not be compared with anybody's power.
  for (const key of NAMED_LEVELS) {
    if (Object.hasOwn(content, key) && parseLevel(content[key], version) === null) {
      return reject('power_levels.format', `${key} is not a power level.`);
    }
  }
  // Since v10, if either of events or notifications is present and not an object with values that are integers, reject.
  for (const key of ['events', 'notifications']) {
    if (Object.hasOwn(content, key) && !isLevels(content[key], version)) {
      return reject('power_levels.format', `${key} is not an object of power levels.`);
    }
  }
  return checkUsersFormat(content, version, state);
}

function checkUsersFormat(content: JsonObject, version: RoomVersion, state: RoomState): Rejection | null {
  // If the users property in content is not an object with keys that are valid user ids with values that are integers
  // (before v10, or a string that is an integer), reject.
  if (!Object.hasOwn(content, 'users')) return null;
  const { users } = content;
  if (!isLevels(users, version) || !Object.keys(users).every(isUserId)) {
    return reject('power_levels.users', 'users is not an object of power levels by user id.');
  }
  // Since v12, if the users property in content contains the sender of the m.room.create event or any of the
  // additional_creators, reject.
  const listed = version.privilegedCreators && creators(state, version).some((id) => Object.hasOwn(users, id));
  return listed ? reject('power_levels.creator', 'A creator has no entry among the power levels.') : null;
}

function checkChanges(before: JsonObject, pdu: PduFields, power: number, version: RoomVersion): Rejection | null {
  const { content: after, sender } = pdu;
  // For the named levels check if they were added, changed or removed. If the current value, or the new value, is higher
  // than the sender's current power level, reject.
  const named = changes(before, after, NAMED_LEVELS, version);
  if (named.some((change) => exceeds(change, power))) return tooHigh('power_levels.level');
  // For each entry of events or notifications being changed or removed: if the current value is greater than the
  // sender's current power level, reject. For each being added or changed: the same of the new value.
  const events = entryChanges(before, after, 'events', version);
  if (events.some((change) => exceeds(change, power))) return tooHigh('power_levels.events');
  const notifications = entryChanges(before, after, 'notifications', version);
  if (notifications.some((change) => exceeds(change, power))) return tooHigh('power_levels.notifications');
  // For each entry of users being changed or removed, other than the sender's own entry: if the current value is greater
  // than or equal to the sender's current power level, reject. For each being added or changed: if the new value is
  // greater than the sender's current power level, reject.
  const users = entryChanges(before, after, 'users', version);
  const isForbidden = (change: Change): boolean =>
    exceeds(change, power) || (change.key !== sender && change.before !== null && change.before >= power);
  return users.some(isForbidden) ? tooHigh('power_levels.user') : null;
}

function exceeds({ before, after }: Change, power: number): boolean {
  return (before !== null && before > power) || (after !== null && after > power);
}

function tooHigh(rule: RejectionRule): Rejection {
  return reject(rule, 'Your power level is too low for this change of power levels.');
}

function entryChanges(before: JsonObject, after: JsonObject, key: string, version: RoomVersion): readonly Change[] {
  const old = objectIn(before, key) ?? {};
  const next = objectIn(after, key) ?? {};
  return changes(old, next, [...new Set([...Object.keys(old), ...Object.keys(next)])], version);
}

function changes(
  before: JsonObject,
  after: JsonObject,
  keys: readonly string[],
  version: RoomVersion,
): readonly Change[] {
  const level = (levels: JsonObject, key: string): number | null =>
    Object.hasOwn(levels, key) ? parseLevel(levels[key], version) : null;
  return keys
    .map((key) => ({ key, before: level(before, key), after: level(after, key) }))
    .filter((change) => change.before !== change.after);
}

function isLevels(value: JsonValue | undefined, version: RoomVersion): value is JsonObject {
  return isJsonObject(value) && Object.values(value).every((level) => parseLevel(level, version) !== null);
}

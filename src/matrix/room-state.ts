// What the rules read of a room's state, with the defaults of everything that is absent.
import type { EventId } from './identifiers.ts';
import { isJsonArray, type JsonObject, type JsonValue } from './json.ts';
import { membershipOf, objectIn, stringIn, type Membership, type PduFields } from './pdu.ts';
import type { RoomVersion } from './room-versions.ts';

export interface StateEvent {
  readonly eventId: EventId;
  readonly pdu: PduFields;
}

/** One state of a room: the event at a type and state key, if any. */
export interface RoomState {
  get(type: string, stateKey: string): StateEvent | undefined;
}

export interface PowerLevels {
  /** A user's level; Infinity for the creators of a version 12 room. */
  user(userId: string): number;
  readonly invite: number;
  readonly kick: number;
  readonly ban: number;
  readonly redact: number;
  readonly stateDefault: number;
  readonly eventsDefault: number;
  readonly usersDefault: number;
  /** The level needed to send an event of this type. */
  forEvent(type: string, isState: boolean): number;
}

/** A string that counted as a power level before version 10: digits, with an optional sign and blanks around. */
const LEVEL_TEXT = /^\s*[+-]?[0-9]+\s*$/;

/** A power level, or null when the value is none in this room version. */
export function parseLevel(value: JsonValue | undefined, version: RoomVersion): number | null {
  if (typeof value === 'number') return Number.isInteger(value) ? value : null;
  if (version.integerPowerLevels || typeof value !== 'string' || !LEVEL_TEXT.test(value)) return null;
  return Number(value);
}

/**
 * The levels in force. Without an m.room.power_levels event a creator has 100 (in version 12 always Infinity), everyone
 * else 0 (client-server API, m.room.power_levels).
 */
export function powerLevels(state: RoomState, version: RoomVersion): PowerLevels {
  const event = state.get('m.room.power_levels', '');
  const content: JsonObject = event?.pdu.content ?? {};
  const roomCreators = creators(state, version);
  const users = objectIn(content, 'users');
  const events = objectIn(content, 'events');
  const level = (key: string, absent: number): number => levelIn(content, key, version) ?? absent;
  const eventsDefault = level('events_default', 0);
  const stateDefault = level('state_default', 50);
  const usersDefault = level('users_default', 0);
  const unlisted = (userId: string): number =>
    event === undefined && roomCreators.includes(userId) ? 100 : usersDefault;
  return {
    user: (userId) => {
      if (version.privilegedCreators && roomCreators.includes(userId)) return Infinity;
      return levelIn(users, userId, version) ?? unlisted(userId);
    },
    invite: level('invite', 0),
    kick: level('kick', 50),
    ban: level('ban', 50),
    redact: level('redact', 50),
    stateDefault,
    eventsDefault,
    usersDefault,
    forEvent: (type, isState) => levelIn(events, type, version) ?? (isState ? stateDefault : eventsDefault),
  };
}

/** The room's join rule; `invite` when there is none, and the empty string, which admits nobody, when it is no string. */
export function joinRule(state: RoomState): string {
  const content = state.get('m.room.join_rules', '')?.pdu.content;
  if (content === undefined || !Object.hasOwn(content, 'join_rule')) return 'invite';
  return stringIn(content, 'join_rule') ?? '';
}

/** A user's membership; `none` without a member event. */
export function membershipIn(state: RoomState, userId: string): Membership | 'none' {
  const event = state.get('m.room.member', userId);
  return (event && membershipOf(event.pdu)) ?? 'none';
}

/**
 * Who created the room: `content.creator` up to version 10, the create event's sender in 11, and in 12 the sender with
 * all `additional_creators`. Empty without a create event.
 */
export function creators(state: RoomState, version: RoomVersion): readonly string[] {
  const create = state.get('m.room.create', '');
  return create === undefined ? [] : creatorsOf(create.pdu, version);
}

/** As `creators`, from the create event itself. */
export function creatorsOf(create: Pick<PduFields, 'sender' | 'content'>, version: RoomVersion): readonly string[] {
  if (version.creatorInContent) {
    const creator = stringIn(create.content, 'creator');
    return creator === null ? [] : [creator];
  }
  if (!version.privilegedCreators) return [create.sender];
  const additional = Object.hasOwn(create.content, 'additional_creators') ? create.content['additional_creators'] : [];
  const listed = isJsonArray(additional) ? additional.filter((id) => typeof id === 'string') : [];
  return [...new Set([create.sender, ...listed])];
}

function levelIn(levels: JsonObject | null, key: string, version: RoomVersion): number | null {
  return levels !== null && Object.hasOwn(levels, key) ? parseLevel(levels[key], version) : null;
}

// The rooms in which generated events happen, and the arbitraries that every rule draws on.
import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/matrix/json.ts';
import type { StateEvent } from '../../../src/matrix/room-state.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { createEvent, event, roomOf, type Case } from '../cases.ts';

/** One rule, and the cases that try it in a room version. */
export interface Rule {
  readonly name: string;
  cases(version: RoomVersionId): fc.Arbitrary<Case>;
}

export const CREATOR = '@creator:here';
export const MOD = '@mod:here';
export const BOB = '@bob:here';
export const EVE = '@eve:here';
export const KIM = '@kim:there';

export const NAMED_LEVELS = ['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'];
export const MEMBERSHIPS = ['none', 'join', 'invite', 'knock', 'leave', 'ban'];

export interface RoomSpec {
  readonly create?: JsonObject;
  /** Memberships by user; `none` for no member event. The creator is joined unless told otherwise. */
  readonly members?: Readonly<Record<string, string>>;
  /** Content of m.room.power_levels; null or absent for a room without. */
  readonly levels?: JsonObject | null;
  /** Content of m.room.join_rules; null or absent for a room without. */
  readonly joinRules?: JsonObject | null;
}

/** The state of such a room. */
export function roomState(version: RoomVersionId, spec: RoomSpec): readonly StateEvent[] {
  const create = createEvent(version, CREATOR, spec.create ?? {});
  const add = (type: string, stateKey: string, sender: string, content: JsonObject): StateEvent =>
    stateEvent(version, create, { type, state_key: stateKey, sender, content });
  const state = [create];
  for (const [user, membership] of Object.entries({ [CREATOR]: 'join', ...spec.members })) {
    if (membership !== 'none') state.push(add('m.room.member', user, user, { membership }));
  }
  if (spec.levels != null) state.push(add('m.room.power_levels', '', CREATOR, spec.levels));
  if (spec.joinRules != null) state.push(add('m.room.join_rules', '', CREATOR, spec.joinRules));
  return state;
}

/** One more event for the state of the room that `create` made. */
export function stateEvent(version: RoomVersionId, create: StateEvent, input: Parameters<typeof event>[1]): StateEvent {
  return event(version, input, roomOf(create));
}

/** Whether creators of this version must not be listed among the power levels. */
export function hidesCreators(version: RoomVersionId): boolean {
  return ROOM_VERSIONS[version].privilegedCreators;
}

/** `users` of a power levels event with the creator's 100, where a creator may be listed. */
export function usersWithCreator(version: RoomVersionId, users: JsonObject): JsonObject {
  return hidesCreators(version) ? users : { [CREATOR]: 100, ...users };
}

/** Mostly the good value, at times another. */
export function mostly<T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>, weight = 6): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: good, weight }, { arbitrary: bad, weight: 1 });
}

/** One of the values. */
export function anyOf<const T extends readonly unknown[]>(...values: T): fc.Arbitrary<T[number]> {
  return fc.constantFrom(...(values as readonly T[number][]));
}

/** A value at some keys: absent where it is undefined. */
export function present(fields: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(fields).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  );
}

/** A level as this version may write it: before version 10 also as a string of digits, however odd. */
export function spelling(version: RoomVersionId, level: number): fc.Arbitrary<JsonValue> {
  if (ROOM_VERSIONS[version].integerPowerLevels) return fc.constant(level);
  const digits = String(Math.abs(level));
  const sign = level < 0 ? '-' : '';
  const strings = [
    `${sign}${digits}`,
    ` ${sign}${digits}`,
    `${sign}00${digits}\t`,
    level < 0 ? `${sign}${digits}\n` : ` +0${digits} `,
  ];
  return fc.oneof({ arbitrary: fc.constant(level), weight: 3 }, { arbitrary: fc.constantFrom(...strings), weight: 1 });
}

/** A level near `power`, where the rules turn: one of the values just below, at and just above it, or 0. */
export function levelNear(version: RoomVersionId, power: number): fc.Arbitrary<JsonValue> {
  return fc.constantFrom(power - 1, power, power + 1, 0).chain((level) => spelling(version, level));
}

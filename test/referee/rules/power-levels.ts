// Rule 10: changes of the power levels.
import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/matrix/json.ts';
import { objectIn } from '../../../src/matrix/pdu.ts';
import type { RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { caseOf, type Case } from '../cases.ts';
import {
  anyOf,
  BOB,
  CREATOR,
  EVE,
  KIM,
  levelNear,
  MOD,
  mostly,
  NAMED_LEVELS,
  present,
  roomState,
  spelling,
  usersWithCreator,
  type Rule,
} from './room.ts';

/** The sender's power; the room asks less of those who change the levels, so that the change decides. */
const POWERS = [10, 50, 100];

interface Edit {
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** A level that stays, is spelt anew, is added, changed or removed. */
function edit(version: RoomVersionId, power: number): fc.Arbitrary<Edit> {
  const level = levelNear(version, power);
  const same = anyOf(power - 1, power, power + 1, 0).chain((value) =>
    fc.record({ before: spelling(version, value), after: spelling(version, value) }),
  );
  return fc.oneof(
    { arbitrary: same, weight: 2 },
    { arbitrary: level.map((before) => ({ before, after: before })), weight: 2 },
    { arbitrary: fc.record({ before: fc.constant(undefined), after: level }), weight: 1 },
    { arbitrary: fc.record({ before: level, after: level }), weight: 1 },
    { arbitrary: fc.record({ before: level, after: fc.constant(undefined) }), weight: 1 },
  );
}

/** Edits of one or two of the keys. */
function edits(
  version: RoomVersionId,
  power: number,
  keys: readonly string[],
): fc.Arbitrary<Readonly<Record<string, Edit>>> {
  return fc.dictionary(fc.constantFrom(...keys), edit(version, power), {
    minKeys: 1,
    maxKeys: 2,
    noNullPrototype: true,
  });
}

const before = (changes: Readonly<Record<string, Edit>>): JsonObject =>
  present(Object.fromEntries(Object.entries(changes).map(([key, change]) => [key, change.before])));
const after = (changes: Readonly<Record<string, Edit>>): JsonObject =>
  present(Object.fromEntries(Object.entries(changes).map(([key, change]) => [key, change.after])));

interface Levels {
  readonly before: JsonObject;
  readonly after: JsonObject;
}

/** The case of BOB, who has this power, changing the levels. */
function change(
  version: RoomVersionId,
  power: number,
  levels: Levels,
  key: { readonly state_key?: string } = { state_key: '' },
): Case {
  const base = (content: JsonObject): JsonObject => {
    const users = usersWithCreator(version, { [BOB]: power, ...objectIn(content, 'users') });
    return { events: { 'm.room.power_levels': 0 }, ...content, users };
  };
  const state = roomState(version, { members: { [BOB]: 'join' }, levels: base(levels.before) });
  const content = base(levels.after);
  return caseOf(version, state, { type: 'm.room.power_levels', ...key, sender: BOB, content });
}

function namedLevels(version: RoomVersionId): fc.Arbitrary<Case> {
  return fc.constantFrom(...POWERS).chain((power) =>
    fc
      .record({
        changes: edits(version, power, NAMED_LEVELS),
        key: mostly(anyOf({ state_key: '' }), anyOf({ state_key: 'other' }, {}), 7),
      })
      .map(({ changes, key }) => {
        const levels = { before: before(changes), after: after(changes) };
        return change(version, power, levels, key);
      }),
  );
}

function entries(within: 'events' | 'notifications'): Rule['cases'] {
  const keys =
    within === 'events' ? ['m.room.name', 'org.example.note', 'm.room.tombstone'] : ['room', 'org.example.all'];
  // The requirement for the change itself stays as it is.
  const base = within === 'events' ? { 'm.room.power_levels': 0 } : {};
  return (version) =>
    fc.constantFrom(...POWERS).chain((power) =>
      fc
        .record({ changes: edits(version, power, keys), whole: mostly(anyOf('both'), anyOf('before', 'after'), 9) })
        .map(({ changes, whole }) => {
          const old =
            whole === 'after' && within === 'notifications' ? {} : { [within]: { ...base, ...before(changes) } };
          const next =
            whole === 'before' && within === 'notifications' ? {} : { [within]: { ...base, ...after(changes) } };
          return change(version, power, { before: old, after: next });
        }),
    );
}

/** Other users' entries, and the sender's own, which may be lowered but not raised. */
function userEntries(version: RoomVersionId): fc.Arbitrary<Case> {
  return fc.constantFrom(...POWERS).chain((power) => {
    const own = mostly<JsonValue | undefined>(
      spelling(version, power),
      fc.oneof(levelNear(version, power), fc.constant(undefined)),
      2,
    );
    return fc.record({ changes: edits(version, power, [MOD, EVE, KIM]), own }).map(({ changes, own }) => {
      const levels = change(version, power, { before: { users: before(changes) }, after: { users: after(changes) } });
      const users = present({ ...(levels.event.content['users'] as JsonObject), [BOB]: own });
      return { ...levels, event: { ...levels.event, content: { ...levels.event.content, users } } };
    });
  });
}

/** Contents of the wrong form, and of forms that only some versions take; with levels in force and without. */
function formats(version: RoomVersionId): fc.Arbitrary<Case> {
  const level = mostly<JsonValue>(
    anyOf(0, 10, '10', ' +010 ', '-5', '0'),
    anyOf('ten', '', '+', '1 0', '1_0', '٣', '1.5', '0x10', null, true, false, [], {}, [10]),
    4,
  );
  const levels = fc.dictionary(fc.constantFrom('room', 'org.example.a', 'org.example.b'), level, {
    maxKeys: 2,
    noNullPrototype: true,
  });
  const map = mostly<JsonValue>(levels, anyOf([], [], 'levels', 5, null), 5);
  const user = mostly(
    anyOf(EVE, KIM),
    anyOf('eve', '@eve', 'eve:here', '@eve:', '@eve:no domain', '', `@${'e'.repeat(250)}:here`),
    5,
  );
  const users = mostly<JsonValue>(
    fc.dictionary(user, level, { maxKeys: 2, noNullPrototype: true }),
    anyOf([], 'users', null),
    9,
  );
  const optional = <T extends JsonValue>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
    fc.oneof({ arbitrary: fc.constant(undefined), weight: 2 }, { arbitrary: value, weight: 1 });
  return fc
    .record({
      named: fc.dictionary(fc.constantFrom(...NAMED_LEVELS, 'org.example.other'), level, {
        maxKeys: 1,
        noNullPrototype: true,
      }),
      events: optional(map),
      notifications: optional(map),
      users: optional(users),
      first: fc.boolean(),
    })
    .map(({ named, events, notifications, users, first }) => {
      const levels = first ? null : { users: usersWithCreator(version, {}) };
      const content = present({
        users: usersWithCreator(version, {}),
        ...named,
        events,
        notifications,
        ...present({ users }),
      });
      const state = roomState(version, { levels });
      return caseOf(version, state, { type: 'm.room.power_levels', state_key: '', sender: CREATOR, content });
    });
}

/** One level, anywhere, written as a number or as a string that is one up to version 9. */
function strings(version: RoomVersionId): fc.Arbitrary<Case> {
  const texts = [
    '50',
    ' 50',
    '+50',
    '0050',
    ' +050 ',
    '\t-50\n',
    '-0',
    '',
    ' ',
    '+-50',
    '5 0',
    '50.0',
    '5e1',
    '0x32',
    'fifty',
  ];
  return fc
    .record({
      level: fc.constantFrom<JsonValue[]>(50, 0, ...texts),
      place: fc.constantFrom('ban', 'events', 'notifications', 'users'),
    })
    .map(({ level, place }) => {
      const listed = place === 'ban' ? level : { [place === 'users' ? EVE : 'org.example.note']: level };
      const content = { users: usersWithCreator(version, {}), [place]: listed };
      const users = place === 'users' ? { users: usersWithCreator(version, { [EVE]: level }) } : {};
      const state = roomState(version, { levels: { users: usersWithCreator(version, {}) } });
      const event = { type: 'm.room.power_levels', state_key: '', sender: CREATOR, content: { ...content, ...users } };
      return caseOf(version, state, event);
    });
}

/** Levels that name a creator, which version 12 forbids, and others that do not. */
function listedCreators(version: RoomVersionId): fc.Arbitrary<Case> {
  return fc
    .record({
      additional: anyOf([], [BOB], [BOB, KIM]),
      users: fc.dictionary(anyOf(CREATOR, BOB, EVE, KIM, MOD), anyOf(0, 50), {
        minKeys: 1,
        maxKeys: 2,
        noNullPrototype: true,
      }),
      first: fc.boolean(),
    })
    .map(({ additional, users, first }) => {
      const levels = first ? null : { users: usersWithCreator(version, {}) };
      const state = roomState(version, { create: { additional_creators: additional }, levels });
      return caseOf(version, state, {
        type: 'm.room.power_levels',
        state_key: '',
        sender: CREATOR,
        content: { users },
      });
    });
}

export const levelEdits: Rule = { name: 'edits of named levels', cases: namedLevels };
export const eventEdits: Rule = { name: 'edits of events', cases: entries('events') };
export const notificationEdits: Rule = { name: 'edits of notifications', cases: entries('notifications') };
export const userEdits: Rule = { name: 'edits of users', cases: userEntries };
export const stringLevels: Rule = { name: 'levels as strings', cases: strings };
export const levelFormats: Rule = { name: 'formats of power levels', cases: formats };
export const creatorEntries: Rule = { name: 'creators among the levels', cases: listedCreators };

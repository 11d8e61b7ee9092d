// Which changes of power levels a sender may make.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/matrix/json.ts';
import type { RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { powerLevels } from '../../../src/matrix/room-state.ts';
import { ALL_VERSIONS, CREATOR, makeRoom, user, type Outcome, type TestRoom } from '../../support/rooms.ts';

const mod = user('mod');
const peer = user('peer');
const bob = user('bob');

const VERSIONS_WITH_TEXT = ['7', '8', '9'] as const;
const VERSIONS_WITHOUT_TEXT = ['10', '11', '12'] as const;

/** A room whose moderator may send power levels, with these contents in force. */
const room = (version: RoomVersionId, before: JsonObject = {}): TestRoom =>
  makeRoom(version, { members: [mod, peer, bob], users: { [mod]: 50, [peer]: 50 }, powerLevels: before });

/** The moderator's attempt to put `change` over what is in force. */
const change = (at: TestRoom, edit: (before: JsonObject) => JsonObject): Outcome => {
  const before = at.state.get('m.room.power_levels', '')!.pdu.content;
  return at.judge({ type: 'm.room.power_levels', state_key: '', sender: mod, content: edit(before) });
};
const put = (at: TestRoom, fields: JsonObject): Outcome => change(at, (before) => ({ ...before, ...fields }));
const users = (at: TestRoom, entries: JsonObject): Outcome =>
  change(at, (before) => ({ ...before, users: { ...(before['users'] as JsonObject), ...entries } }));
const without = (object: JsonObject, key: string): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));

describe.each(ALL_VERSIONS)('in version %s', (version) => {
  test('a level may move up to the own level, from no higher than it', () => {
    expect(put(room(version), { kick: 50 })).toBe('allowed');
    expect(put(room(version), { kick: 51 })).toBe('power_levels.level');
    expect(put(room(version, { kick: 51 }), { kick: 10 })).toBe('power_levels.level');
    expect(change(room(version, { kick: 51 }), (before) => without(before, 'kick'))).toBe('power_levels.level');
    expect(change(room(version, { kick: 50 }), (before) => without(before, 'kick'))).toBe('allowed');
  });

  test('each of the seven levels is guarded', () => {
    for (const key of ['users_default', 'events_default', 'ban', 'redact', 'kick', 'invite']) {
      expect(put(room(version), { [key]: 51 })).toBe('power_levels.level');
    }
    expect(put(room(version), { state_default: 51 })).toBe('power_levels.level');
  });

  test('a level above the own one may stay as it is', () => {
    expect(put(room(version, { ban: 100 }), { kick: 40 })).toBe('allowed');
  });

  test('users_default may be lowered from the own level', () => {
    const at = makeRoom(version, { members: [mod], powerLevels: { users_default: 50 } });
    expect(put(at, { users_default: 0 })).toBe('allowed');
  });

  test('levels of events and notifications are guarded entry by entry', () => {
    for (const key of ['events', 'notifications'] as const) {
      const rule = `power_levels.${key}` as const;
      const at = room(version, { [key]: { low: 10, high: 60 } });
      expect(put(at, { [key]: { low: 50, high: 60 } })).toBe('allowed');
      expect(put(at, { [key]: { low: 51, high: 60 } })).toBe(rule);
      expect(put(at, { [key]: { low: 10, high: 50 } })).toBe(rule);
      expect(put(at, { [key]: { low: 10 } })).toBe(rule);
      expect(put(at, { [key]: { high: 60 } })).toBe('allowed');
      expect(put(at, { [key]: { low: 10, high: 60, more: 51 } })).toBe(rule);
      expect(change(at, (before) => without(before, key))).toBe(rule);
    }
  });

  test('others are raised up to the own level; an equal is not touched, oneself may be lowered', () => {
    expect(users(room(version), { [bob]: 50 })).toBe('allowed');
    expect(users(room(version), { [bob]: 51 })).toBe('power_levels.user');
    expect(users(room(version), { [peer]: 49 })).toBe('power_levels.user');
    expect(users(room(version), { [peer]: 50 })).toBe('allowed');
    expect(users(room(version), { [mod]: 10 })).toBe('allowed');
    expect(users(room(version), { [mod]: 51 })).toBe('power_levels.user');
    const dropPeer = (before: JsonObject): JsonObject => ({
      ...before,
      users: without(before['users'] as JsonObject, peer),
    });
    expect(change(room(version), dropPeer)).toBe('power_levels.user');
  });

  test('who lacks the level to send power levels is refused before any of it', () => {
    const at = room(version, { events: { 'm.room.power_levels': 100 } });
    expect(put(at, {})).toBe('power.required');
  });

  test('the first power levels of a room may be anything well formed', () => {
    const at = makeRoom(version, { powerLevels: null });
    const content = { users: { [mod]: 2_000 }, ban: 5_000, events: { 'm.room.name': 9_000 } };
    expect(at.judge({ type: 'm.room.power_levels', state_key: '', sender: CREATOR, content })).toBe('allowed');
  });

  test('power levels may follow empty ones', () => {
    const at = makeRoom(version, { members: [mod], powerLevels: null });
    at.force({ type: 'm.room.power_levels', state_key: '', sender: CREATOR, content: {} });
    const content = { state_default: 0, users: { [mod]: 0 } };
    const verdict = at.judge({ type: 'm.room.power_levels', state_key: '', sender: mod, content });
    expect(verdict).toBe('power.required');
    at.force({ type: 'm.room.power_levels', state_key: '', sender: CREATOR, content: { state_default: 0 } });
    expect(at.judge({ type: 'm.room.power_levels', state_key: '', sender: mod, content })).toBe('allowed');
  });

  test('what is no level refuses the event', () => {
    for (const value of [null, true, 'fifty', '', '0x10', '5 0', '1.0', '1e1', [], {}]) {
      expect(put(room(version), { ban: value })).toBe('power_levels.format');
      expect(put(room(version), { events: { 'm.room.name': value } })).toBe('power_levels.format');
      expect(put(room(version), { notifications: { room: value } })).toBe('power_levels.format');
      expect(users(room(version), { [bob]: value })).toBe('power_levels.users');
    }
    for (const value of [null, [], 'text', 5]) {
      expect(put(room(version), { events: value })).toBe('power_levels.format');
      expect(put(room(version), { users: value })).toBe('power_levels.users');
    }
    expect(users(room(version), { bob: 1 })).toBe('power_levels.users');
    expect(users(room(version), { '@bob:dom$ain$.com': 1 })).toBe('power_levels.users');
  });
});

test.each(VERSIONS_WITH_TEXT)(
  '41: in version %s a text of digits is a level, blanks, sign and zeros allowed',
  (version) => {
    const at = room(version, { ban: ' +050 ' });
    expect(powerLevels(at.state, at.version).ban).toBe(50);
    expect(put(at, { ban: 50 })).toBe('allowed');
    expect(put(room(version), { kick: '50' })).toBe('allowed');
    expect(put(room(version), { kick: '0051' })).toBe('power_levels.level');
    expect(users(room(version), { [bob]: '-1' })).toBe('allowed');
    expect(users(room(version), { [bob]: '+51' })).toBe('power_levels.user');
  },
);

test.each(VERSIONS_WITHOUT_TEXT)('41: in version %s a text is no level', (version) => {
  expect(put(room(version), { kick: '50' })).toBe('power_levels.format');
  expect(put(room(version), { events: { a: '50' } })).toBe('power_levels.format');
  expect(put(room(version), { notifications: { room: '50' } })).toBe('power_levels.format');
  expect(users(room(version), { [bob]: '50' })).toBe('power_levels.users');
});

describe('in version 12 creators have no entry', () => {
  const ally = user('ally');
  const at = makeRoom('12', { createContent: { additional_creators: [ally] }, members: [ally] });
  const levels = (entries: JsonObject): Outcome =>
    at.judge({ type: 'm.room.power_levels', state_key: '', sender: CREATOR, content: { users: entries } });

  test('neither the sender of the create event nor an additional creator', () => {
    expect(levels({ [CREATOR]: 100 })).toBe('power_levels.creator');
    expect(levels({ [ally]: 100 })).toBe('power_levels.creator');
    expect(levels({})).toBe('allowed');
  });

  test('and may give any level, even the highest number', () => {
    expect(levels({ [bob]: Number.MAX_SAFE_INTEGER })).toBe('allowed');
  });
});

test('nobody gains power by an allowed change, and nobody of equal or more power loses any', () => {
  const level = fc.integer({ min: -10, max: 110 });
  const people = [mod, peer, bob, user('eve')];
  const someLevels = fc.record(Object.fromEntries(people.map((id) => [id, level])), { requiredKeys: [] });
  const content = fc.record({ users: someLevels, users_default: level, kick: level }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.constantFrom(...ALL_VERSIONS), content, content, (version, before, after) => {
      const at = makeRoom(version, { members: [mod], powerLevels: null });
      const scenery = { state_default: -10, ...before, users: { ...before.users, [mod]: 50 } } as JsonObject;
      at.force({ type: 'm.room.power_levels', state_key: '', sender: CREATOR, content: scenery });
      const old = powerLevels(at.state, at.version);
      const next = { state_default: -10, ...after } as JsonObject;
      if (at.send({ type: 'm.room.power_levels', state_key: '', sender: mod, content: next }) !== 'allowed') return;
      const now = powerLevels(at.state, at.version);
      for (const id of people) {
        // Taking an entry out is always allowed where it may be changed, and leaves its user with the default.
        expect(now.user(id)).toBeLessThanOrEqual(Math.max(50, old.user(id), old.user('@unlisted:here')));
        const listedBefore = Object.hasOwn(scenery['users'] as JsonObject, id);
        if (id !== mod && listedBefore && old.user(id) >= 50) expect(now.user(id)).toBe(old.user(id));
      }
    }),
    { numRuns: 150 },
  );
});

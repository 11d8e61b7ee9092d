// The rules about rooms, senders, required levels and state keys, and about what auth_events may list.
import { describe, expect, test } from 'vitest';
import { checkAuthEvents, checkRules } from '../../../src/matrix/event-auth.ts';
import { eventIdOf } from '../../../src/matrix/hashes.ts';
import { parseRoomId, type RoomId } from '../../../src/matrix/identifiers.ts';
import { eventTemplate } from '../../../src/matrix/pdu.ts';
import type { StateEvent } from '../../../src/matrix/room-state.ts';
import {
  ALL_VERSIONS,
  CREATOR,
  emptyRoom,
  makeRoom,
  user,
  type EventInput,
  type TestRoom,
} from '../../support/rooms.ts';

const mod = user('mod');
const bob = user('bob');
const kim = user('kim', 'there');
const elsewhere: RoomId = parseRoomId('!elsewhere:here')!;

const room = (version: (typeof ALL_VERSIONS)[number], powerLevels = {}): TestRoom =>
  makeRoom(version, { members: [mod, bob], users: { [mod]: 50 }, powerLevels });
const message = (sender = bob): EventInput => ({ type: 'm.room.message', sender, content: { body: 'hello' } });

describe.each(ALL_VERSIONS)('in version %s', (version) => {
  test('nothing happens without a create event', () => {
    const at = room(version);
    const nowhere = { get: () => undefined };
    expect(checkRules(at.build(message()), at.version, nowhere)?.rule).toBe('room.no_create');
  });

  test('an event of another room is refused', () => {
    expect(room(version).judge({ ...message(), room_id: elsewhere })).toBe('room.other_room');
  });

  test('only members speak', () => {
    const at = room(version);
    expect(at.judge(message())).toBe('allowed');
    expect(at.judge(message(kim))).toBe('sender.not_joined');
    for (const membership of ['knock', 'invite', 'ban', 'leave'] as const) {
      at.force(at.membership(CREATOR, kim, membership));
      expect(at.judge(message(kim))).toBe('sender.not_joined');
    }
  });

  test('a closed room takes nothing from other servers, but everything from its own', () => {
    const at = makeRoom(version, { createContent: { 'm.federate': false }, members: [bob, kim] });
    expect(at.judge(message(kim))).toBe('federate.other_server');
    expect(at.judge(at.membership(kim, kim, 'knock'))).toBe('federate.other_server');
    expect(at.judge(message(bob))).toBe('allowed');
    const mangled = makeRoom(version, { createContent: { 'm.federate': 'false' }, members: [kim] });
    expect(mangled.judge(message(kim))).toBe('allowed');
  });

  test('state needs 50 and messages 0 unless the levels say otherwise', () => {
    const name = (sender = bob): EventInput => ({ type: 'm.room.name', state_key: '', sender, content: { name: 'n' } });
    expect(room(version).judge(name(bob))).toBe('power.required');
    expect(room(version).judge(name(mod))).toBe('allowed');
    expect(room(version, { events: { 'm.room.name': 0 } }).judge(name(bob))).toBe('allowed');
    expect(room(version, { state_default: 60 }).judge(name(mod))).toBe('power.required');
    expect(room(version, { events_default: 10 }).judge(message())).toBe('power.required');
    expect(room(version, { events: { 'm.room.message': 10 } }).judge(message())).toBe('power.required');
  });

  test('without power levels state still needs 50, which only the creator has', () => {
    const at = makeRoom(version, { powerLevels: null, joinRule: null, members: [bob] });
    const topic = { type: 'm.room.topic', state_key: '', content: {} };
    expect(at.judge({ ...topic, sender: bob })).toBe('power.required');
    expect(at.judge({ ...topic, sender: CREATOR })).toBe('allowed');
  });

  test("a state key that is another user's id is refused, at whatever power", () => {
    const note = (sender = bob, stateKey: string = bob): EventInput => ({
      type: 'org.example.note',
      state_key: stateKey,
      sender,
      content: {},
    });
    const open = { state_default: 0 };
    expect(room(version, open).judge(note())).toBe('allowed');
    expect(room(version, open).judge(note(CREATOR))).toBe('state_key.other_user');
    expect(room(version, open).judge(note(bob, '@'))).toBe('state_key.other_user');
    expect(room(version, open).judge(note(bob, 'bob'))).toBe('allowed');
  });

  test('a third-party invite needs the level to invite and no other', () => {
    const invite = (sender = bob): EventInput => ({
      type: 'm.room.third_party_invite',
      state_key: 'token',
      sender,
      content: {},
    });
    expect(room(version).judge(invite())).toBe('allowed');
    expect(room(version, { invite: 50 }).judge(invite())).toBe('third_party_invite.power');
    expect(room(version, { invite: 50 }).judge(invite(mod))).toBe('allowed');
    expect(room(version).judge(invite(kim))).toBe('sender.not_joined');
  });

  test('a redaction is an event like any other: the redact level is not asked', () => {
    const redaction = { type: 'm.room.redaction', sender: bob, content: { redacts: '$a' }, redacts: '$a' };
    expect(room(version).judge(redaction)).toBe('allowed');
    expect(room(version, { events: { 'm.room.redaction': 1 } }).judge(redaction)).toBe('power.required');
  });
});

describe.each(ALL_VERSIONS)('in version %s auth_events', (version) => {
  const at = room(version);
  const knock = at.build(at.membership(kim, kim, 'knock'));
  const state = (type: string, key = ''): StateEvent => at.state.get(type, key)!;
  const needed = knock.auth_events.map((id) => {
    const keys: readonly (readonly [string, string])[] = [
      ['m.room.create', ''],
      ['m.room.power_levels', ''],
      ['m.room.join_rules', ''],
    ];
    return keys.map(([type, key]) => state(type, key)).find(({ eventId }) => eventId === id)!;
  });
  const verdict = (authEvents: readonly (StateEvent & { rejected?: boolean })[]) =>
    checkAuthEvents(knock, at.version, authEvents)?.rule ?? 'allowed';

  test('are the ones that the selection names', () => {
    expect(verdict(needed)).toBe('allowed');
    expect(needed.some(({ pdu }) => pdu.type === 'm.room.create')).toBe(version !== '12');
  });

  test('may leave out what they might have named, except the create event', () => {
    expect(verdict(needed.filter(({ pdu }) => pdu.type !== 'm.room.power_levels'))).toBe('allowed');
    const without = verdict(needed.filter(({ pdu }) => pdu.type !== 'm.room.create'));
    expect(without).toBe(version === '12' ? 'allowed' : 'auth_events.no_create');
  });

  test('name nothing twice and nothing that has no say', () => {
    expect(verdict([...needed, needed[0]!])).toBe('auth_events.duplicate');
    expect(verdict([...needed, state('m.room.member', bob)])).toBe('auth_events.unexpected');
    const { state_key: _key, ...unkeyed } = needed[0]!.pdu;
    expect(verdict([{ eventId: needed[0]!.eventId, pdu: eventTemplate(unkeyed) }])).toBe('auth_events.unexpected');
  });

  test('name nothing that was rejected and nothing of another room', () => {
    expect(verdict(needed.map((event) => ({ ...event, rejected: true })))).toBe('auth_events.rejected');
    const foreign = needed.map(({ pdu }) => {
      const moved = { ...pdu, room_id: elsewhere };
      return { eventId: eventIdOf(moved, at.version), pdu: moved };
    });
    expect(verdict(foreign)).toBe('auth_events.other_room');
  });
});

test('in version 12 the create event is not among auth_events', () => {
  const at = room('12');
  const knock = at.build(at.membership(kim, kim, 'knock'));
  expect(checkAuthEvents(knock, at.version, [at.create])?.rule).toBe('auth_events.unexpected');
});

describe('a create event', () => {
  const verdict = (version: (typeof ALL_VERSIONS)[number], change: object, content: object = {}) => {
    const { create, version: rules } = emptyRoom(makeRoom(version).version, {});
    const pdu = { ...create.pdu, ...change, content: { ...create.pdu.content, ...content } };
    return checkRules(pdu, rules, { get: () => undefined })?.rule ?? 'allowed';
  };
  const until10 = ['7', '8', '9', '10'] as const;

  test.each(ALL_VERSIONS)('begins a room of version %s', (version) => {
    expect(verdict(version, {})).toBe('allowed');
    expect(verdict(version, { prev_events: ['$a'] })).toBe('create.prev_events');
  });

  test.each(ALL_VERSIONS)('names a version that exists, in version %s', (version) => {
    for (const id of ['99', 'constructor', '', 7, null]) {
      expect(verdict(version, {}, { room_version: id })).toBe('create.room_version');
    }
  });

  test("has a room id of its sender's server up to version 11, and none in version 12", () => {
    for (const version of ALL_VERSIONS) {
      const own = verdict(version, { room_id: '!other:here' });
      expect(own).toBe(version === '12' ? 'create.room_id' : 'allowed');
      expect(verdict(version, { room_id: '!other:there' })).toBe('create.room_id');
    }
  });

  test('names its creator up to version 10', () => {
    for (const version of ALL_VERSIONS) {
      const at = emptyRoom(makeRoom(version).version, {});
      const { creator: _creator, ...content } = at.create.pdu.content;
      const rule = checkRules({ ...at.create.pdu, content }, at.version, at.state)?.rule ?? 'allowed';
      expect(rule).toBe(until10.some((id) => id === version) ? 'create.creator' : 'allowed');
    }
  });

  test('lists additional creators by valid user ids in version 12, whatever it likes before', () => {
    for (const listed of ['@a:b', [7], ['@invalid:dom$ain$.com'], [`@${'a'.repeat(260)}:b`], {}, null]) {
      expect(verdict('12', {}, { additional_creators: listed })).toBe('create.additional_creators');
      expect(verdict('11', {}, { additional_creators: listed })).toBe('allowed');
    }
    expect(verdict('12', {}, { additional_creators: [] })).toBe('allowed');
    expect(verdict('12', {}, { additional_creators: [kim, kim] })).toBe('allowed');
  });
});

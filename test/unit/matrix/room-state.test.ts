// What the rules read of a state, and what they take where it is silent.
import { describe, expect, test } from 'vitest';
import { creators, joinRule, membershipIn, parseLevel, powerLevels } from '../../../src/matrix/room-state.ts';
import { ROOM_VERSIONS } from '../../../src/matrix/room-versions.ts';
import { ALL_VERSIONS, CREATOR, emptyRoom, makeRoom, user } from '../../support/rooms.ts';

const bob = user('bob');
const ally = user('ally');

describe.each(ALL_VERSIONS)('in version %s', (version) => {
  const isCreatorAbove = version === '12';

  test('without power levels a creator has power, nobody else has, and the usual defaults hold', () => {
    const at = makeRoom(version, { powerLevels: null, joinRule: null });
    const levels = powerLevels(at.state, at.version);
    expect(levels.user(CREATOR)).toBe(isCreatorAbove ? Infinity : 100);
    expect(levels.user(bob)).toBe(0);
    const { invite, kick, ban, redact, stateDefault, eventsDefault } = levels;
    expect({ invite, kick, ban, redact, stateDefault, eventsDefault }).toEqual({
      invite: 0,
      kick: 50,
      ban: 50,
      redact: 50,
      stateDefault: 50,
      eventsDefault: 0,
    });
    expect([levels.forEvent('a', true), levels.forEvent('a', false)]).toEqual([50, 0]);
  });

  test('empty power levels take the creator his hundred, but not what version 12 gives', () => {
    const at = makeRoom(version, { powerLevels: null });
    at.force({ type: 'm.room.power_levels', state_key: '', sender: CREATOR, content: {} });
    expect(powerLevels(at.state, at.version).user(CREATOR)).toBe(isCreatorAbove ? Infinity : 0);
  });

  test('levels listed are levels in force', () => {
    const powers = {
      users_default: 5,
      events_default: 6,
      state_default: 7,
      invite: 8,
      events: { a: 9 },
    };
    const at = makeRoom(version, { users: { [bob]: 20 }, powerLevels: { ...powers, users: { [bob]: 20 } } });
    const levels = powerLevels(at.state, at.version);
    expect([levels.user(bob), levels.user('@x:y'), levels.invite]).toEqual([20, 5, 8]);
    expect([levels.forEvent('a', true), levels.forEvent('a', false)]).toEqual([9, 9]);
    expect([levels.forEvent('b', true), levels.forEvent('b', false)]).toEqual([7, 6]);
    expect(levels.forEvent('constructor', true)).toBe(7);
    expect(levels.user('toString')).toBe(5);
  });

  test('a missing join rule is invite, a missing member is none', () => {
    const at = makeRoom(version, { joinRule: null });
    expect(joinRule(at.state)).toBe('invite');
    expect(membershipIn(at.state, bob)).toBe('none');
    expect(membershipIn(at.state, CREATOR)).toBe('join');
    at.force({ type: 'm.room.member', state_key: bob, sender: bob, content: { membership: 'strange' } });
    expect(membershipIn(at.state, bob)).toBe('none');
  });

  test('a join rule that is no text lets nobody in, not even the invited', () => {
    for (const rule of [7, null, ['public'], {}]) {
      const at = makeRoom(version, { joinRule: null });
      at.force({ type: 'm.room.join_rules', state_key: '', sender: CREATOR, content: { join_rule: rule } });
      at.force(at.membership(CREATOR, bob, 'invite'));
      expect(at.judge(at.membership(bob, bob, 'join'))).toBe('member.join.join_rule');
    }
    const silent = makeRoom(version, { joinRule: null });
    silent.force({ type: 'm.room.join_rules', state_key: '', sender: CREATOR, content: {} });
    expect(joinRule(silent.state)).toBe('invite');
  });

  test('additional creators count in version 12 alone, each once', () => {
    const at = makeRoom(version, { createContent: { additional_creators: [ally, CREATOR, ally] } });
    expect(creators(at.state, at.version)).toEqual(isCreatorAbove ? [CREATOR, ally] : [CREATOR]);
    expect(creators({ get: () => undefined }, at.version)).toEqual([]);
  });
});

test('up to version 10 the creator is who the content names, later who sent the event', () => {
  for (const version of ALL_VERSIONS) {
    const at = emptyRoom(ROOM_VERSIONS[version], { creator: bob });
    const expected = ['7', '8', '9', '10'].includes(version) ? bob : CREATOR;
    expect(creators(at.state, at.version)).toEqual([expected]);
  }
});

test('41: a level is an integer, and up to version 9 also a text of digits', () => {
  const texts = ['50', ' +050 ', '-5', '\t7\n'];
  expect(texts.map((text) => parseLevel(text, ROOM_VERSIONS['9']))).toEqual([50, 50, -5, 7]);
  expect(texts.map((text) => parseLevel(text, ROOM_VERSIONS['10']))).toEqual([null, null, null, null]);
  for (const value of ['', ' ', '1.0', '1e3', '0x1', '1_0', '٣', '+ 1', true, null, [1], {}]) {
    for (const version of ALL_VERSIONS) expect(parseLevel(value, ROOM_VERSIONS[version])).toBeNull();
  }
});

// Which state an event must cite, and which the rules read.
import { describe, expect, test } from 'vitest';
import { stateKeysForAuth, wantedAuthKeys } from '../../../src/matrix/auth-events.ts';
import type { JsonObject } from '../../../src/matrix/json.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { ALL_VERSIONS, user } from '../../support/rooms.ts';

const kim = user('kim');
const mod = user('mod');
const bob = user('bob');

const POWER = 'm.room.power_levels ';
const RULES = 'm.room.join_rules ';
const member = (id: string): string => `m.room.member ${id}`;

const wanted = (version: RoomVersionId, content: JsonObject, sender = kim, target: string = kim): readonly string[] =>
  wantedAuthKeys({ type: 'm.room.member', sender, state_key: target, content }, ROOM_VERSIONS[version]).map(
    ([type, key]) => `${type} ${key}`,
  );

describe.each(ALL_VERSIONS)('in version %s', (version) => {
  const create = version === '12' ? [] : ['m.room.create '];

  test('a message cites the create event (before version 12), the power levels and its sender', () => {
    const event = { type: 'm.room.message', sender: kim, content: {} };
    const keys = wantedAuthKeys(event, ROOM_VERSIONS[version]).map(([type, key]) => `${type} ${key}`);
    expect(keys).toEqual([...create, POWER, member(kim)]);
  });

  test('a knock and a join also cite the join rules; a leave and a ban do not', () => {
    for (const membership of ['knock', 'join']) {
      expect(wanted(version, { membership })).toEqual([...create, POWER, member(kim), RULES]);
    }
    expect(wanted(version, { membership: 'leave' })).toEqual([...create, POWER, member(kim)]);
    expect(wanted(version, { membership: 'ban' }, mod)).toEqual([...create, POWER, member(mod), member(kim)]);
  });

  test('an invite cites both users and the join rules, and what a third-party invite redeems', () => {
    const keys = [...create, POWER, member(mod), member(kim), RULES];
    expect(wanted(version, { membership: 'invite' }, mod)).toEqual(keys);
    const thirdParty = { membership: 'invite', third_party_invite: { signed: { token: 'token' } } };
    expect(wanted(version, thirdParty, mod)).toEqual([...keys, 'm.room.third_party_invite token']);
    for (const mangled of ['text', {}, { signed: 7 }, { signed: { token: 7 } }]) {
      expect(wanted(version, { membership: 'invite', third_party_invite: mangled }, mod)).toEqual(keys);
    }
    expect(wanted(version, { ...thirdParty, membership: 'join' }, mod)).not.toContain(
      'm.room.third_party_invite token',
    );
  });

  test('a join cites who vouched for it, where restricted joins are known', () => {
    const keys = [...create, POWER, member(kim), RULES];
    const content = { membership: 'join', join_authorised_via_users_server: bob };
    expect(wanted(version, content)).toEqual(version === '7' ? keys : [...keys, member(bob)]);
    expect(wanted(version, { ...content, join_authorised_via_users_server: kim })).toEqual(keys);
    expect(wanted(version, { ...content, join_authorised_via_users_server: 7 })).toEqual(keys);
    expect(wanted(version, { ...content, membership: 'knock' })).toEqual(keys);
  });

  test('the rules read the create event in every version, and a create event reads nothing', () => {
    const event = { type: 'm.room.message', sender: kim, content: {} };
    expect(stateKeysForAuth(event, ROOM_VERSIONS[version])[0]).toEqual(['m.room.create', '']);
    expect(stateKeysForAuth(event, ROOM_VERSIONS[version])).toHaveLength(3);
    const creation = { type: 'm.room.create', sender: kim, state_key: '', content: {} };
    expect(wantedAuthKeys(creation, ROOM_VERSIONS[version])).toEqual([]);
    expect(stateKeysForAuth(creation, ROOM_VERSIONS[version])).toEqual([]);
  });
});

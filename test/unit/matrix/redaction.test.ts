// What redaction keeps, version by version.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/matrix/canonical-json.ts';
import type { JsonObject } from '../../../src/matrix/json.ts';
import { redact } from '../../../src/matrix/redaction.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { ALL_VERSIONS } from '../../support/rooms.ts';

const contentLeft = (versionId: RoomVersionId, type: string, content: JsonObject): unknown =>
  JSON.parse(canonicalJson(redact({ type, content }, ROOM_VERSIONS[versionId])['content']!));

const from = (first: RoomVersionId): readonly RoomVersionId[] => ALL_VERSIONS.slice(ALL_VERSIONS.indexOf(first));
const before = (last: RoomVersionId): readonly RoomVersionId[] => ALL_VERSIONS.slice(0, ALL_VERSIONS.indexOf(last));

describe('a redacted member event', () => {
  const content = {
    membership: 'join',
    displayname: 'Kim',
    reason: 'please',
    join_authorised_via_users_server: '@a:b',
    third_party_invite: { display_name: 'k…', signed: { mxid: '@k:b', token: 't', signatures: {} } },
  };
  const authorised = { membership: 'join', join_authorised_via_users_server: '@a:b' };
  test.each(before('9'))('keeps its membership alone in version %s', (version) => {
    expect(contentLeft(version, 'm.room.member', content)).toEqual({ membership: 'join' });
  });
  test.each(['9', '10'] as const)('also keeps who authorised it in version %s', (version) => {
    expect(contentLeft(version, 'm.room.member', content)).toEqual(authorised);
  });
  test.each(from('11'))('also keeps the signed part of a third-party invite in version %s', (version) => {
    const { signed } = content.third_party_invite;
    expect(contentLeft(version, 'm.room.member', content)).toEqual({ ...authorised, third_party_invite: { signed } });
    const unsigned = { membership: 'invite', third_party_invite: { display_name: 'k…' } };
    expect(contentLeft(version, 'm.room.member', unsigned)).toEqual({ membership: 'invite', third_party_invite: {} });
    const mangled = { membership: 'invite', third_party_invite: 'k…' };
    expect(contentLeft(version, 'm.room.member', mangled)).toEqual({ membership: 'invite' });
  });
  test.each(ALL_VERSIONS)('that was a knock loses reason and profile but is still a knock in version %s', (version) => {
    const knock = { membership: 'knock', reason: 'please', displayname: 'Kim', avatar_url: null };
    expect(contentLeft(version, 'm.room.member', knock)).toEqual({ membership: 'knock' });
  });
});

describe('redacted room state', () => {
  test('create keeps the creator up to version 10, everything from version 11', () => {
    const content = { creator: '@a:b', room_version: '10', 'm.federate': false, extra: 1 };
    for (const version of before('11'))
      expect(contentLeft(version, 'm.room.create', content)).toEqual({ creator: '@a:b' });
    for (const version of from('11')) expect(contentLeft(version, 'm.room.create', content)).toEqual(content);
  });

  test('join_rules keep allow from version 8', () => {
    const content = { join_rule: 'restricted', allow: [{ type: 'm.room_membership' }], extra: 1 };
    expect(contentLeft('7', 'm.room.join_rules', content)).toEqual({ join_rule: 'restricted' });
    for (const version of from('8')) {
      expect(contentLeft(version, 'm.room.join_rules', content)).toEqual({
        join_rule: 'restricted',
        allow: content.allow,
      });
    }
  });

  test('power_levels keep invite from version 11', () => {
    const kept = {
      ban: 1,
      events: { a: 1 },
      events_default: 1,
      kick: 1,
      redact: 1,
      state_default: 1,
      users: {},
      users_default: 1,
    };
    const content = { ...kept, invite: 1, notifications: { room: 50 } };
    for (const version of before('11')) expect(contentLeft(version, 'm.room.power_levels', content)).toEqual(kept);
    for (const version of from('11')) {
      expect(contentLeft(version, 'm.room.power_levels', content)).toEqual({ ...kept, invite: 1 });
    }
  });

  test('history_visibility is kept, aliases and other types are emptied', () => {
    for (const version of ALL_VERSIONS) {
      const visibility = { history_visibility: 'shared' };
      expect(contentLeft(version, 'm.room.history_visibility', { ...visibility, a: 1 })).toEqual(visibility);
      expect(contentLeft(version, 'm.room.aliases', { aliases: ['#a:b'] })).toEqual({});
      expect(contentLeft(version, 'm.room.name', { name: 'n' })).toEqual({});
      expect(contentLeft(version, 'constructor', { name: 'n' })).toEqual({});
    }
  });

  test('a redaction keeps what it redacts where the content names it', () => {
    for (const version of before('11')) expect(contentLeft(version, 'm.room.redaction', { redacts: '$a' })).toEqual({});
    for (const version of from('11')) {
      expect(contentLeft(version, 'm.room.redaction', { redacts: '$a', reason: 'r' })).toEqual({ redacts: '$a' });
    }
  });
});

test('of the top level, prev_state, origin and membership stay up to version 10; unsigned and unknown keys never do', () => {
  const keys = ['event_id', 'type', 'room_id', 'sender', 'state_key', 'hashes', 'signatures', 'depth'];
  const always = [...keys, 'prev_events', 'auth_events', 'origin_server_ts', 'content'];
  const old = ['prev_state', 'origin', 'membership'];
  const extra = ['unsigned', 'redacts', 'org.example.extra', '__proto__'];
  const event = Object.fromEntries([...always, ...old, ...extra].map((key) => [key, key]));
  const given = { ...event, type: 'm.room.message', content: {} };
  for (const version of ALL_VERSIONS) {
    const expected = before('11').includes(version) ? [...always, ...old] : always;
    expect(Object.keys(redact(given, ROOM_VERSIONS[version])).sort()).toEqual([...expected].sort());
  }
});

test('redacting twice is redacting once, and the event itself stays whole', () => {
  const types = fc.constantFrom('m.room.member', 'm.room.create', 'm.room.power_levels', 'm.room.redaction', 'x');
  const content = fc.dictionary(
    fc.constantFrom('membership', 'creator', 'users', 'redacts', 'a', '__proto__'),
    fc.string(),
  );
  fc.assert(
    fc.property(types, content, fc.constantFrom(...ALL_VERSIONS), (type, given, id) => {
      const version = ROOM_VERSIONS[id];
      const event = { type, content: given, unsigned: { age: 1 } };
      const text = canonicalJson(event);
      const once = redact(event, version);
      const again = redact({ ...once, type, content: once['content'] as JsonObject }, version);
      expect(canonicalJson(again)).toBe(canonicalJson(once));
      expect(canonicalJson(event)).toBe(text);
    }),
  );
});

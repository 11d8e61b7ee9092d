// The shape a received event must have.
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/matrix/canonical-json.ts';
import { parseJsonObject, type JsonObject, type JsonValue } from '../../../src/matrix/json.ts';
import { checkNameSizes, checkPduFormat, MAX_PDU_BYTES } from '../../../src/matrix/pdu-format.ts';
import { isRejection } from '../../../src/matrix/rejection.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { ALL_VERSIONS, CREATOR, makeRoom, user } from '../../support/rooms.ts';

const kim = user('kim', 'there');
const knockIn = (version: RoomVersionId): JsonObject => {
  const at = makeRoom(version);
  return at.build(at.membership(kim, kim, 'knock'));
};
const verdict = (event: JsonObject, version: RoomVersionId): string => {
  const result = checkPduFormat(event, ROOM_VERSIONS[version]);
  return isRejection(result) ? result.rule : 'well formed';
};
const without = (event: JsonObject, key: string): JsonObject =>
  Object.fromEntries(Object.entries(event).filter(([name]) => name !== key));

describe.each(ALL_VERSIONS)('in version %s', (version) => {
  const knock = knockIn(version);

  test('a knock and a create event are well formed', () => {
    expect(verdict(knock, version)).toBe('well formed');
    expect(verdict(makeRoom(version).create.pdu, version)).toBe('well formed');
  });

  test('no required key may be missing', () => {
    const required = ['type', 'sender', 'room_id', 'content', 'origin_server_ts', 'depth', 'hashes', 'signatures'];
    for (const key of required) expect(verdict(without(knock, key), version)).toBe('format.shape');
    expect(verdict(without(knock, 'auth_events'), version)).toBe('format.auth_events');
    expect(verdict(without(knock, 'prev_events'), version)).toBe('format.prev_events');
  });

  test('every key has its type', () => {
    const wrong: readonly (readonly [string, readonly JsonValue[]])[] = [
      ['type', [7, null, 'a\0b', 'é'.repeat(256)]],
      ['sender', ['kim', '@kim', 7, `@${'k'.repeat(260)}:b`]],
      ['room_id', ['room', '!room', 7, null]],
      ['state_key', [7, null, 'a\0b', 'k'.repeat(256)]],
      ['content', ['text', [], null]],
      ['origin_server_ts', ['1', null, 0.5]],
      ['depth', ['1', -1, 2 ** 53, null]],
      ['hashes', [{}, { sha256: 7 }, 'text']],
      ['signatures', ['text', [], null]],
      ['unsigned', ['text', []]],
      ['redacts', [7]],
    ];
    for (const [key, values] of wrong) {
      for (const value of values) expect(verdict({ ...knock, [key]: value }, version)).toBe('format.shape');
    }
  });

  test('a name of up to 255 characters and more bytes is of the right shape, but refused', () => {
    const names: readonly (readonly [string, string])[] = [
      ['type', 'é'.repeat(255)],
      ['sender', `@${'🐾'.repeat(240)}:there`],
      ['state_key', 'é'.repeat(128)],
      ['event_id', 'é'.repeat(128)],
    ];
    for (const [key, value] of names) {
      const event = checkPduFormat({ ...knock, [key]: value }, ROOM_VERSIONS[version]);
      if (isRejection(event)) throw new Error(`${key}: ${event.message}`);
      expect(checkNameSizes(event)?.rule).toBe('format.size');
      expect(verdict({ ...knock, [key]: `${value}${'é'.repeat(256)}` }, version)).toBe('format.shape');
    }
    const short = checkPduFormat({ ...knock, type: 'k'.repeat(255) }, ROOM_VERSIONS[version]);
    expect(isRejection(short) ? short : checkNameSizes(short)).toBeNull();
  });

  test('up to 20 previous events and 10 auth events are cited, by their ids', () => {
    const ids = (count: number) => Array.from({ length: count }, (_, at) => `$${at}`);
    expect(verdict({ ...knock, prev_events: ids(20), auth_events: ids(10) }, version)).toBe('well formed');
    expect(verdict({ ...knock, prev_events: ids(21) }, version)).toBe('format.prev_events');
    expect(verdict({ ...knock, auth_events: ids(11) }, version)).toBe('format.auth_events');
    for (const id of ['id', 7, null, [`$a`, {}]]) {
      expect(verdict({ ...knock, prev_events: [id as JsonValue] }, version)).toBe('format.prev_events');
    }
  });

  test('an event has at most 65,536 bytes without what is unsigned', () => {
    const filled = (length: number) => ({ ...knock, content: { membership: 'knock', reason: 'x'.repeat(length) } });
    const room = MAX_PDU_BYTES - Buffer.byteLength(canonicalJson(filled(0)));
    expect(verdict(filled(room), version)).toBe('well formed');
    expect(verdict(filled(room + 1), version)).toBe('format.size');
    expect(verdict({ ...filled(room), unsigned: { age: 1 } }, version)).toBe('well formed');
  });

  test('no value may lack a canonical form, and nesting has its limit', () => {
    for (const value of [0.5, 2 ** 53, '\ud800']) {
      expect(verdict({ ...knock, content: { membership: 'knock', value } }, version)).toBe('format.shape');
    }
    const nested = parseJsonObject(`{"a":${'['.repeat(95)}${']'.repeat(95)}}`);
    expect(verdict({ ...knock, content: nested }, version)).toBe('format.size');
  });

  test('keys nobody knows are kept', () => {
    const event = { ...knock, 'org.example.extra': [1], event_id: '$claimed' };
    expect(checkPduFormat(event, ROOM_VERSIONS[version])).toBe(event);
  });
});

test('in version 12 alone a create event has no room id, and no event cites the create event', () => {
  const { create } = makeRoom('12');
  expect(verdict(create.pdu, '11')).toBe('format.shape');
  expect(verdict({ ...create.pdu, type: 'm.room.name' }, '12')).toBe('format.shape');
  const knock = knockIn('12');
  const citing = { ...knock, auth_events: [`$${String(knock['room_id']).slice(1)}`] };
  expect(verdict(citing, '12')).toBe('format.auth_events');
});

test('an event that says it was rejected is still an event', () => {
  const event = { ...knockIn('11'), rejected: true, rule: 'create.creator', message: CREATOR };
  expect(isRejection(checkPduFormat(event, ROOM_VERSIONS['11']))).toBe(false);
});

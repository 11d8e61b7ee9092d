// Templates and the reading of contents.
import { expect, test } from 'vitest';
import { parseJsonObject } from '../../../src/matrix/json.ts';
import { eventTemplate, membershipOf, objectIn, stringIn } from '../../../src/matrix/pdu.ts';
import { makeRoom, user } from '../../support/rooms.ts';

const kim = user('kim');

test('a template has no hashes, no signatures, no unsigned part and no claimed id', () => {
  const at = makeRoom('11');
  const pdu = at.build(at.membership(kim, kim, 'knock'));
  const template = eventTemplate({ ...pdu, unsigned: { age: 1 }, event_id: '$claimed' });
  const keys = ['auth_events', 'content', 'depth', 'origin_server_ts', 'prev_events', 'room_id', 'sender', 'state_key'];
  expect(Object.keys(template).sort()).toEqual([...keys, 'type']);
});

test('a membership is one of five words in a member event', () => {
  const read = (type: string, text: string) => membershipOf({ type, content: parseJsonObject(text) });
  for (const word of ['invite', 'join', 'knock', 'leave', 'ban']) {
    expect(read('m.room.member', `{"membership":"${word}"}`)).toBe(word);
    expect(read('m.room.name', `{"membership":"${word}"}`)).toBeNull();
  }
  for (const text of ['{}', '{"membership":null}', '{"membership":"Join"}', '{"membership":["join"]}']) {
    expect(read('m.room.member', text)).toBeNull();
  }
  expect(membershipOf({ type: 'm.room.member', content: Object.create({ membership: 'join' }) })).toBeNull();
});

test('contents are read by their own keys only', () => {
  expect(stringIn({}, 'constructor')).toBeNull();
  expect(objectIn({}, '__proto__')).toBeNull();
  expect(objectIn({ a: [] }, 'a')).toBeNull();
  expect(stringIn(parseJsonObject('{"__proto__":"a"}'), '__proto__')).toBe('a');
});

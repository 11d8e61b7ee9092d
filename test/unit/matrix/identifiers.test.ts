// The grammar of identifiers.
import { describe, expect, test } from 'vitest';
import {
  domainOfRoomId,
  localpartOf,
  parseEventId,
  parseRoomAlias,
  parseRoomId,
  parseServerName,
  parseUserId,
  serverOf,
  userIdOf,
} from '../../../src/matrix/identifiers.ts';
import { server, user } from '../../support/rooms.ts';

const HASH = 'A'.repeat(43);

describe('a server name is a host name or address with an optional port', () => {
  const valid = [
    'matrix.org',
    'matrix.org:8888',
    '1.2.3.4',
    '1.2.3.4:1234',
    '[1234:5678::abcd]',
    '[1234:5678::abcd]:5678',
    'localhost',
    'MATRIX.ORG',
  ];
  test.each(valid)('%s is one', (name) => expect(parseServerName(name)).toBe(name));
  const invalid = [
    '',
    ':80',
    'dom$ain$.com',
    'a b',
    'host:',
    'host:123456',
    '[::1',
    '::1',
    'host:80:80',
    'hôte',
    'a/b',
    'a\n',
  ];
  test.each(invalid)('%j is none', (name) => expect(parseServerName(name)).toBeNull());
});

describe('a user id', () => {
  test.each(['@a:b', '@A:b', '@:b', '@ü 😀:b', '@a/b+c=d:[::1]:80'])('%s is taken, historical forms too', (id) => {
    expect(parseUserId(id)).toBe(id);
  });

  const invalid = ['', '@', '@a', 'a:b', '#a:b', '@a:', '@a:b:c:d', '@a\0:b', '@\ud800:b', '@invalid:dom$ain$.com'];
  test.each(invalid)('%j is none', (id) => expect(parseUserId(id)).toBeNull());

  test('has at most 255 bytes, not characters', () => {
    expect(parseUserId(`@${'a'.repeat(252)}:b`)).not.toBeNull();
    expect(parseUserId(`@${'a'.repeat(253)}:b`)).toBeNull();
    expect(parseUserId(`@${'é'.repeat(127)}:b`)).toBeNull();
  });

  test('splits at its first colon', () => {
    const id = user('kim', 'here:8448');
    expect(localpartOf(id)).toBe('kim');
    expect(serverOf(id)).toBe('here:8448');
  });

  test('of a new local user keeps to lower-case letters, digits and ._=/+-', () => {
    expect(userIdOf('kim.lee_1=2/3+4-5', server('here'))).toBe('@kim.lee_1=2/3+4-5:here');
    for (const localpart of ['', 'Kim', 'k m', 'k:m', 'é', 'k'.repeat(250)]) {
      expect(userIdOf(localpart, server('here'))).toBeNull();
    }
  });
});

describe('a room id', () => {
  test.each(['!opaque:host', '!Ab1:host:80', '!:host', `!${HASH}`])('%s is one', (id) => {
    expect(parseRoomId(id)).toBe(id);
  });
  test.each(['!', '!abc', `!${HASH}A`, `!${HASH.slice(1)}+`, 'abc:host', `$${HASH}`, '!a:', '!a\0:b'])(
    '%j is none',
    (id) => expect(parseRoomId(id)).toBeNull(),
  );
  test('has a domain before version 12 only', () => {
    const domains = ['!a:host:80', `!${HASH}`].map((id) => domainOfRoomId(parseRoomId(id)!));
    expect(domains).toEqual(['host:80', null]);
  });
});

test('an event id is $ and something; an alias is # with a domain', () => {
  expect(parseEventId(`$${HASH}`)).toBe(`$${HASH}`);
  for (const id of ['', '$', HASH, `$${'a'.repeat(255)}`, '$a\0']) expect(parseEventId(id)).toBeNull();
  expect(parseRoomAlias('#röom:host')).toBe('#röom:host');
  for (const alias of ['#room', 'room:host', '!room:host', '#room:']) expect(parseRoomAlias(alias)).toBeNull();
});

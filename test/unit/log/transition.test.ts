// The kind of every change of membership.
import { describe, expect, test } from 'vitest';
import { transitionKind, type TransitionKind } from '../../../src/log/transition.ts';
import type { Membership } from '../../../src/matrix/pdu.ts';

type From = Membership | 'none';
const FROM: readonly From[] = ['none', 'knock', 'invite', 'join', 'leave', 'ban'];
const RESOLVED = 'MEMBERSHIP_RECONCILED';

/** By the new membership and whose doing it is: the kind for each of FROM. */
const TABLE: readonly (readonly [Membership, 'self' | 'other', readonly (TransitionKind | null)[]])[] = [
  ['knock', 'self', ['KNOCK_REQUESTED', 'KNOCK_RENEWED', RESOLVED, RESOLVED, 'KNOCK_REQUESTED', RESOLVED]],
  ['invite', 'other', ['INVITE_SENT', 'KNOCK_ACCEPTED', 'INVITE_RENEWED', RESOLVED, 'INVITE_SENT', RESOLVED]],
  ['join', 'self', ['JOINED', 'JOINED', 'INVITE_ACCEPTED', null, 'JOINED', RESOLVED]],
  ['leave', 'self', [null, 'KNOCK_RETRACTED', 'INVITE_DECLINED', 'LEFT', null, RESOLVED]],
  ['leave', 'other', [null, 'KNOCK_REJECTED', 'INVITE_REVOKED', 'KICKED', null, 'UNBANNED']],
  ['ban', 'other', ['BANNED', 'BANNED', 'BANNED', 'BANNED', 'BANNED', 'BAN_RENEWED']],
];

describe.each(TABLE)('to %s, by %s', (to, by, kinds) => {
  test.each(FROM.map((from, at) => [from, kinds[at]] as const))('from %s is %s', (from, kind) => {
    expect(transitionKind(from, to, by === 'self')).toBe(kind);
  });
});

test('whose doing it is matters to a leave alone', () => {
  for (const from of FROM) {
    for (const to of ['knock', 'invite', 'join', 'ban'] as const) {
      expect(transitionKind(from, to, true)).toBe(transitionKind(from, to, false));
    }
  }
});

test('a pending knock ends by acceptance, rejection, retraction, ban or a join, each with its own kind', () => {
  const ends = [
    transitionKind('knock', 'invite', false),
    transitionKind('knock', 'leave', false),
    transitionKind('knock', 'leave', true),
    transitionKind('knock', 'ban', false),
    transitionKind('knock', 'join', true),
  ];
  expect(ends).toEqual(['KNOCK_ACCEPTED', 'KNOCK_REJECTED', 'KNOCK_RETRACTED', 'BANNED', 'JOINED']);
});

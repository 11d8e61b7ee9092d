/** Which servers an event goes to, and which events are never left out. */
import { describe, expect, it } from 'vitest';
import type { Membership } from '../../../src/matrix/pdu.ts';
import {
  isKept,
  recipientsOf,
  type MembershipMove,
  type OwedEvent,
  type Stay,
} from '../../../src/outbox/recipients.ts';
import { server, user } from '../../support/rooms.ts';

const here = server('here');
const there = server('there');

const event = (more: Partial<OwedEvent> = {}): OwedEvent => ({
  roomId: '!room:here',
  position: 100,
  roomPosition: 10,
  event: 99,
  relay: true,
  sender: user('mod'),
  origin: here,
  move: null,
  ...more,
});

const move = (from: Membership | 'none', to: Membership, more: Partial<MembershipMove> = {}): MembershipMove => ({
  target: user('kim', 'there'),
  from,
  to,
  citesInvite: false,
  endsServedKnock: false,
  ...more,
});

const stay = (name: string, from: number, to: number | null = null): Stay => ({ server: server(name), from, to });

describe('recipients', () => {
  it('were in the room before the event: those that came with it were not, those that left with it were', () => {
    const stays = [
      stay('here', 1),
      stay('before', 1, 9),
      stay('left', 2, 10),
      stay('came', 10),
      stay('back', 1, 5),
      stay('back', 7),
    ];
    expect([...recipientsOf(event(), stays, here)].sort()).toEqual(['back', 'left']);
  });

  it('are nobody where others deliver', () => {
    expect(recipientsOf(event({ relay: false }), [stay('there', 1)], here).size).toBe(0);
  });

  it.each([
    ['knock', 'leave', true],
    ['knock', 'ban', true],
    ['invite', 'leave', true],
    ['invite', 'ban', true],
    ['ban', 'leave', true],
    ['leave', 'ban', false],
    ['none', 'ban', false],
    ['ban', 'ban', false],
    ['leave', 'invite', false],
    ['knock', 'invite', false],
  ] as const)('are besides the server of a user who was moved from %s to %s: %s', (from, to, told) => {
    expect(recipientsOf(event({ move: move(from, to) }), [], here).has(there)).toBe(told);
    expect(recipientsOf(event({ move: move(from, to), origin: there }), [], here).has(there)).toBe(false);
  });

  it('are not the server of a user who left by themselves', () => {
    const own = { sender: user('kim', 'there') };
    expect(recipientsOf(event({ ...own, move: move('knock', 'leave') }), [], here).size).toBe(0);
  });

  it('are the server of an invited user also where the invite is not in force, if it is cited', () => {
    expect(recipientsOf(event({ move: move('none', 'leave', { citesInvite: true }) }), [], here).has(there)).toBe(true);
    expect(recipientsOf(event({ move: move('none', 'ban', { citesInvite: true }) }), [], here).has(there)).toBe(false);
  });

  it('are the knocker’s server where another denies a knock that was taken here', () => {
    const denied = (more: Partial<MembershipMove>) =>
      recipientsOf(
        event({ relay: false, origin: server('third'), move: move('knock', 'leave', more) }),
        [stay('fourth', 1)],
        here,
      );
    expect([...denied({ endsServedKnock: true })]).toEqual(['there']);
    expect([...denied({ endsServedKnock: false })]).toEqual([]);
  });
});

describe('events that are never left out', () => {
  it.each([
    ['none', 'invite', true],
    ['knock', 'invite', true],
    ['invite', 'leave', true],
    ['invite', 'ban', true],
    ['knock', 'leave', true],
    ['knock', 'ban', true],
    ['ban', 'leave', true],
    ['none', 'knock', false],
    ['invite', 'join', false],
    ['join', 'leave', false],
    ['join', 'ban', false],
  ] as const)('move somebody from %s to %s: %s', (from, to, kept) => {
    expect(isKept(event({ move: move(from, to) }))).toBe(kept);
  });

  it('move somebody at all', () => {
    expect(isKept(event())).toBe(false);
  });
});

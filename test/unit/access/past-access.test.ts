/** Who looks back: the present decides who may, and the history visibility of then how far. */
import { describe, expect, it } from 'vitest';
import { seesRoomThen, visibleMembershipsThen } from '../../../src/access/past-access.ts';
import type { Scope, Standing } from '../../../src/access/scopes.ts';
import type { Membership } from '../../../src/matrix/pdu.ts';
import { powerLevels } from '../../../src/matrix/room-state.ts';
import { makeRoom, user } from '../../support/rooms.ts';

const room = makeRoom('11', { powerLevels: { invite: 50 }, users: { [user('mod')]: 50 } });
const levels = powerLevels(room.state, room.version);
const MEMBERSHIPS = ['none', 'knock', 'invite', 'join', 'leave', 'ban'] as const satisfies readonly (
  Membership | 'none'
)[];
const VISIBILITIES = [null, 'joined', 'invited', 'shared', 'world_readable', 'unheard_of'] as const;
const standing = (name: string, membership: Membership | 'none', admin = false): Standing => {
  return { userId: user(name), membership, admin, scopes: null };
};
const everyMoment = MEMBERSHIPS.flatMap((membership) => VISIBILITIES.map((visibility) => ({ membership, visibility })));

describe('of a past moment', () => {
  it('all is seen by who keeps the door now, and by an admin, whatever stood then', () => {
    for (const then of everyMoment) {
      for (const who of [standing('mod', 'join'), standing('root', 'none', true)]) {
        expect(seesRoomThen(who, levels, then)).toBe(true);
        expect(visibleMembershipsThen(who, levels, then)).toBeNull();
      }
    }
  });

  it('nothing is seen by who is not in the room now, whatever power they had and whatever stood then', () => {
    for (const then of everyMoment) {
      for (const membership of MEMBERSHIPS.filter((one) => one !== 'join')) {
        for (const name of ['mod', 'kim']) {
          expect(seesRoomThen(standing(name, membership), levels, then)).toBe(false);
          expect(visibleMembershipsThen(standing(name, membership), levels, then)).toEqual([]);
        }
      }
    }
  });

  it('a service token sees all with rooms:read, be its user in the room or not, and nothing with any other scope', () => {
    for (const then of everyMoment) {
      for (const membership of MEMBERSHIPS) {
        const token = (...scopes: readonly Scope[]): Standing => ({ ...standing('mod', membership), scopes });
        expect(seesRoomThen(token('rooms:read'), levels, then)).toBe(true);
        expect(visibleMembershipsThen(token('rooms:read'), levels, then)).toEqual(['join', 'invite', 'ban']);
        expect(visibleMembershipsThen(token('rooms:read', 'knocks:read'), levels, then)).toBeNull();
        expect(seesRoomThen(token('knocks:read', 'reasons:read', 'audit:read'), levels, then)).toBe(false);
        expect(visibleMembershipsThen(token('knocks:read'), levels, then)).toEqual([]);
      }
    }
  });

  it('a plain member sees what the history visibility of then shows to one who joined since', () => {
    const seen = everyMoment.filter((then) => seesRoomThen(standing('kim', 'join'), levels, then));
    const expected = everyMoment.filter(({ membership, visibility }) => {
      if (membership === 'join') return true;
      if (visibility === 'joined') return false;
      return visibility === 'invited' ? membership === 'invite' : true;
    });
    expect(seen).toEqual(expected);
    expect(expected.length).toBeLessThan(everyMoment.length);
    for (const then of seen) {
      expect(visibleMembershipsThen(standing('kim', 'join'), levels, then)).toEqual(['join', 'invite', 'ban']);
    }
  });
});

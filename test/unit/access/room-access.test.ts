/** What access/ promises is what the rules then allow; and who keeps a door. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isModerator,
  mayAcceptKnock,
  mayAcceptKnocks,
  mayBan,
  mayInvite,
  mayKick,
  mayRedact,
  mayRejectKnock,
  mayRejectKnocks,
  maySetState,
  seesEvent,
  seesKnocks,
  seesRoom,
  visibleMemberships,
} from '../../../src/access/room-access.ts';
import type { Standing } from '../../../src/access/scopes.ts';
import { membershipIn, powerLevels, type PowerLevels } from '../../../src/matrix/room-state.ts';
import type { Membership } from '../../../src/matrix/pdu.ts';
import { ALL_VERSIONS, CREATOR, makeRoom, user, type TestRoom } from '../../support/rooms.ts';

const [ACTOR, TARGET] = [user('actor'), user('target')];

const MEMBERSHIPS = ['knock', 'invite', 'join', 'leave', 'ban'] as const satisfies readonly Membership[];

const level = fc.constantFrom(-1, 0, 1, 49, 50, 51, 100);
const scene = fc.record({
  version: fc.constantFrom(...ALL_VERSIONS),
  // The creator acts in some scenes: in version 12 nobody can have as much power.
  actor: fc.constantFrom(ACTOR, CREATOR),
  target: fc.constantFrom(TARGET, CREATOR, ACTOR),
  actorIs: fc.constantFrom<Membership>(...MEMBERSHIPS),
  targetIs: fc.constantFrom<Membership>(...MEMBERSHIPS),
  levels: fc.record(
    { invite: level, kick: level, ban: level, state_default: level, users_default: level },
    { requiredKeys: [] },
  ),
  users: fc.record({ [ACTOR]: level, [TARGET]: level }, { requiredKeys: [] }),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

interface Stage {
  readonly room: TestRoom;
  readonly levels: PowerLevels;
  readonly standing: Standing;
  readonly target: { readonly userId: string; readonly membership: Membership | 'none' };
}

function stage({ version, actor, target, actorIs, targetIs, levels, users }: Scene): Stage {
  const room = makeRoom(version, { powerLevels: levels, users: users as Record<string, number> });
  room.force(room.membership(actor, target, targetIs));
  room.force(room.membership(actor, actor, actorIs));
  return {
    room,
    levels: powerLevels(room.state, room.version),
    standing: { userId: actor, admin: false, scopes: null, membership: membershipIn(room.state, actor) },
    target: { userId: target, membership: membershipIn(room.state, target) },
  };
}

function allows(room: TestRoom, actor: string, target: string, membership: Membership): boolean {
  const [sender, about] = [actor as typeof ACTOR, target as typeof TARGET];
  return room.judge(room.membership(sender, about, membership)) === 'allowed';
}

describe('what access promises', () => {
  it('about inviting, removing and banning somebody is what the rules then allow, in every room version', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { room, levels, standing, target } = stage(given);
        const [me, them] = [standing.userId, target.userId];
        fc.pre(me !== them);
        const invitable = target.membership !== 'join' && target.membership !== 'ban';
        expect(allows(room, me, them, 'invite')).toBe(mayInvite(standing, levels).allowed && invitable);
        const unbannable = target.membership !== 'ban' || levels.user(me) >= levels.ban;
        expect(allows(room, me, them, 'leave')).toBe(mayKick(standing, levels, target).allowed && unbannable);
        expect(allows(room, me, them, 'ban')).toBe(mayBan(standing, levels, target).allowed);
      }),
      { numRuns: 400 },
    );
  });

  it('about a knock is what the rules then allow to those who see it, and nothing to others', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { room, levels, standing, target } = stage({ ...given, targetIs: 'knock' });
        const [me, them] = [standing.userId, target.userId];
        fc.pre(me !== them);
        const sees = seesKnocks(standing, levels);
        expect(mayAcceptKnock(standing, levels, target).allowed).toBe(sees && allows(room, me, them, 'invite'));
        expect(mayRejectKnock(standing, levels, target).allowed).toBe(sees && allows(room, me, them, 'leave'));
        const ended = { ...target, membership: 'leave' } as const;
        expect(mayAcceptKnock(standing, levels, ended).allowed).toBe(false);
        expect(mayRejectKnock(standing, levels, ended).allowed).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  it('about the join rule is what the rules then allow', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { room, levels, standing } = stage(given);
        const sender = standing.userId as typeof ACTOR;
        const event = { type: 'm.room.join_rules', state_key: '', sender, content: { join_rule: 'public' } };
        expect(maySetState(standing, levels, 'm.room.join_rules').allowed).toBe(room.judge(event) === 'allowed');
      }),
      { numRuns: 200 },
    );
  });

  it('refuses oneself, and says why of every refusal without a word about the target', () => {
    fc.assert(
      fc.property(scene, (given) => {
        const { levels, standing, target } = stage(given);
        const self = { userId: standing.userId, membership: standing.membership };
        expect(mayKick(standing, levels, self).allowed).toBe(false);
        expect(mayBan(standing, levels, self).allowed).toBe(false);
        // Whoever may not decide at all is told the same whether somebody knocks or not.
        for (const [general, one] of [
          [mayAcceptKnocks(standing, levels), mayAcceptKnock(standing, levels, target)],
          [mayRejectKnocks(standing, levels), mayRejectKnock(standing, levels, target)],
        ] as const) {
          if (!general.allowed) expect(one).toEqual(general);
        }
      }),
    );
  });
});

describe('the door', () => {
  const at = (levels: object, level: number, membership: Membership = 'join'): [Standing, PowerLevels] => {
    const room = makeRoom('11', { powerLevels: { ...levels }, users: { [ACTOR]: level } });
    return [{ userId: ACTOR, admin: false, scopes: null, membership }, powerLevels(room.state, room.version)];
  };

  it('is kept by members who may invite or kick; where everybody may invite, not by everybody', () => {
    expect(isModerator(...at({ invite: 50 }, 50))).toBe(true);
    expect(isModerator(...at({ invite: 50 }, 49))).toBe(false);
    expect(isModerator(...at({ invite: 0 }, 0))).toBe(false);
    expect(isModerator(...at({ invite: 0 }, 1))).toBe(true);
    expect(isModerator(...at({ invite: -5 }, 0))).toBe(false);
    expect(isModerator(...at({}, 0))).toBe(false);
    expect(isModerator(...at({ invite: 100, kick: 30 }, 30))).toBe(true);
    expect(isModerator(...at({ invite: 100, kick: 0 }, 0))).toBe(true);
  });

  it('is kept from inside only, and seen from outside by admins', () => {
    for (const membership of MEMBERSHIPS) {
      const [standing, levels] = at({ invite: 50 }, 100, membership);
      expect(isModerator(standing, levels), membership).toBe(membership === 'join');
      expect(seesKnocks({ ...standing, admin: true }, levels), membership).toBe(true);
    }
    const [standing] = at({}, 0);
    expect(seesRoom({ ...standing, membership: 'none' })).toBe(false);
    expect(seesRoom({ ...standing, membership: 'none', admin: true })).toBe(true);
    expect(seesRoom({ ...standing, membership: 'ban' })).toBe(true);
  });

  it('hides who knocked and who left from members without power, and everybody from those outside', () => {
    expect(visibleMemberships(...at({ invite: 50 }, 50))).toBeNull();
    expect(visibleMemberships(...at({ invite: 50 }, 0))).toEqual(['join', 'invite', 'ban']);
    expect(visibleMemberships(...at({ invite: 50 }, 50, 'invite'))).toEqual([]);
    expect(visibleMemberships(...at({ invite: 50 }, 50, 'leave'))).toEqual([]);
  });

  it('shows member events to those who keep it, to their sender and to whom they are about; others to their sender', () => {
    const member = { type: 'm.room.member', stateKey: TARGET, sender: CREATOR };
    const topic = { type: 'm.room.topic', stateKey: '', sender: CREATOR };
    const [keeper, levels] = at({ invite: 50 }, 50);
    const [plain] = at({ invite: 50 }, 0);
    expect(seesEvent(keeper, levels, member)).toBe(true);
    expect(seesEvent(plain, powerLevelsOf(0), member)).toBe(false);
    expect(seesEvent(plain, powerLevelsOf(0), { ...member, stateKey: ACTOR })).toBe(true);
    expect(seesEvent(plain, powerLevelsOf(0), { ...member, sender: ACTOR })).toBe(true);
    expect(seesEvent(keeper, levels, topic)).toBe(false);
    expect(seesEvent({ ...plain, admin: true }, levels, topic)).toBe(true);
  });

  const powerLevelsOf = (level: number): PowerLevels => at({ invite: 50 }, level)[1];
});

describe('redacting', () => {
  const allowed = (
    power: number,
    sender: string,
    type = 'm.room.message',
    membership: Membership = 'join',
  ): boolean => {
    const room = makeRoom('11', { powerLevels: { redact: 30 }, users: { [ACTOR]: power } });
    const standing = { userId: ACTOR, admin: true, scopes: null, membership };
    return mayRedact(standing, powerLevels(room.state, room.version), { type, sender }).allowed;
  };

  it('is for whoever sent the event, and for those with the redact level', () => {
    expect(allowed(0, ACTOR)).toBe(true);
    expect(allowed(29, TARGET)).toBe(false);
    expect(allowed(30, TARGET)).toBe(true);
    expect(allowed(30, TARGET, 'm.room.member')).toBe(true);
  });

  it('is not for those outside, admins of the server among them, and never of what a room cannot do without', () => {
    for (const membership of ['invite', 'knock', 'leave', 'ban'] as const)
      expect(allowed(100, ACTOR, 'm.room.message', membership), membership).toBe(false);
    for (const type of ['m.room.create', 'm.room.server_acl']) expect(allowed(100, ACTOR, type), type).toBe(false);
  });
});

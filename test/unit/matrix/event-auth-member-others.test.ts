// Who may invite, put out and ban others, and what creators are above: the rules as sentences, on a small real room.
import { describe, expect, test } from 'vitest';
import { ALL_VERSIONS, CREATOR, makeRoom, user, type TestRoom } from '../../support/rooms.ts';
import { bob, bring, kim, mod, outsider, room } from '../../support/door-scene.ts';

describe.each(ALL_VERSIONS)('in version %s an invite', (version) => {
  test('of oneself, of a member or of the banned is refused', () => {
    const at = room(version);
    expect(at.judge(at.membership(mod, mod, 'invite'))).toBe('member.invite.target_joined');
    expect(at.judge(at.membership(mod, bob, 'invite'))).toBe('member.invite.target_joined');
    expect(at.judge(at.membership(kim, kim, 'invite'))).toBe('member.invite.sender_not_joined');
    bring(at, 'ban');
    expect(at.judge(at.membership(mod, kim, 'invite'))).toBe('member.invite.target_banned');
  });

  test('may be repeated, and may go to who knocks, who left and who never came, under any join rule', () => {
    for (const joinRule of ['invite', 'knock', 'public', 'private', null]) {
      for (const membership of ['invite', 'knock', 'leave'] as const) {
        const at = bring(room(version, { joinRule }), membership);
        expect(at.judge(at.membership(mod, kim, 'invite'))).toBe('allowed');
      }
      const at = room(version, { joinRule });
      expect(at.judge(at.membership(mod, kim, 'invite'))).toBe('allowed');
    }
  });

  test('needs a member with the level to invite', () => {
    const at = room(version, { powerLevels: { invite: 50 } });
    expect(at.judge(at.membership(outsider, kim, 'invite'))).toBe('member.invite.sender_not_joined');
    expect(at.judge(at.membership(bob, kim, 'invite'))).toBe('member.invite.power');
    expect(at.judge(at.membership(mod, kim, 'invite'))).toBe('allowed');
  });
});

describe.each(ALL_VERSIONS)('in version %s a leave', (version) => {
  test('of oneself is for who is in, invited or knocking', () => {
    for (const membership of ['join', 'invite', 'knock'] as const) {
      const at = bring(room(version), membership);
      expect(at.judge(at.membership(kim, kim, 'leave'))).toBe('allowed');
    }
    for (const membership of ['leave', 'ban'] as const) {
      const at = bring(room(version), membership);
      expect(at.judge(at.membership(kim, kim, 'leave'))).toBe('member.leave.nothing_to_leave');
    }
    const at = room(version);
    expect(at.judge(at.membership(kim, kim, 'leave'))).toBe('member.leave.nothing_to_leave');
  });

  test('of another needs a member with the level to kick and more power than the other', () => {
    const at = bring(room(version), 'join');
    expect(at.judge(at.membership(outsider, kim, 'leave'))).toBe('member.leave.sender_not_joined');
    expect(at.judge(at.membership(bob, kim, 'leave'))).toBe('member.leave.kick_power');
    expect(at.judge(at.membership(mod, kim, 'leave'))).toBe('allowed');
    expect(at.judge(at.membership(mod, CREATOR, 'leave'))).toBe('member.leave.target_power');
  });

  test('of another who never came is allowed by the rules', () => {
    const at = room(version);
    expect(at.judge(at.membership(mod, kim, 'leave'))).toBe('allowed');
  });

  test('of the banned needs the levels to ban and to kick', () => {
    const at = bring(room(version, { powerLevels: { ban: 60, kick: 40 } }), 'ban');
    expect(at.judge(at.membership(mod, kim, 'leave'))).toBe('member.leave.unban_power');
    const other = bring(room(version, { powerLevels: { ban: 40, kick: 60 } }), 'ban');
    expect(other.judge(other.membership(mod, kim, 'leave'))).toBe('member.leave.kick_power');
    const third = bring(room(version), 'ban');
    expect(third.judge(third.membership(mod, kim, 'leave'))).toBe('allowed');
  });
});

describe.each(ALL_VERSIONS)('in version %s a ban', (version) => {
  test('may hit anybody of less power, present, banned already, or never seen', () => {
    for (const membership of ['join', 'invite', 'knock', 'leave', 'ban'] as const) {
      const at = bring(room(version), membership);
      expect(at.judge(at.membership(mod, kim, 'ban'))).toBe('allowed');
    }
    const at = room(version);
    expect(at.judge(at.membership(mod, kim, 'ban'))).toBe('allowed');
  });

  test('needs a member with the level to ban and more power than the target, and nobody bans themselves', () => {
    const at = bring(room(version), 'join');
    expect(at.judge(at.membership(outsider, kim, 'ban'))).toBe('member.ban.sender_not_joined');
    expect(at.judge(at.membership(bob, kim, 'ban'))).toBe('member.ban.power');
    expect(at.judge(at.membership(mod, CREATOR, 'ban'))).toBe('member.ban.target_power');
    expect(at.judge(at.membership(mod, mod, 'ban'))).toBe('member.ban.target_power');
  });
});

describe.each(ALL_VERSIONS)('in version %s a member event', (version) => {
  test('must name its target and a membership that exists', () => {
    const at = room(version);
    const content = { membership: 'join' };
    expect(at.judge({ type: 'm.room.member', sender: bob, content })).toBe('member.state_key');
    for (const target of ['', 'kim', '@kim', 'kim:there', '@kim:no server']) {
      const invite = { type: 'm.room.member', sender: mod, state_key: target, content: { membership: 'invite' } };
      expect(at.judge(invite)).toBe('member.state_key');
    }
    for (const membership of ['knocked', '', null, 7, ['join'], '__proto__']) {
      const malformed = { type: 'm.room.member', sender: bob, state_key: bob, content: { membership } };
      expect(at.judge(malformed)).toBe('member.membership');
    }
    expect(at.judge({ type: 'm.room.member', sender: bob, state_key: bob, content: {} })).toBe('member.membership');
  });

  test('is not subject to the levels of events', () => {
    const at = room(version, { powerLevels: { events: { 'm.room.member': 100 }, state_default: 100 } });
    expect(at.judge(at.membership(kim, kim, 'knock'))).toBe('allowed');
    expect(at.judge(at.membership(mod, kim, 'invite'))).toBe('allowed');
  });
});

describe('in version 12 creators stand above every level', () => {
  const ally = user('ally');
  const withAlly = (users: Readonly<Record<string, number>> = {}): TestRoom =>
    makeRoom('12', { createContent: { additional_creators: [ally] }, members: [ally, mod, bob], users });

  test('an additional creator acts without an entry among the levels', () => {
    const at = withAlly();
    expect(at.judge(at.membership(ally, mod, 'ban'))).toBe('allowed');
    const tombstone = { type: 'm.room.tombstone', state_key: '', content: {} };
    const levels = { type: 'm.room.power_levels', state_key: '', content: { events: { 'm.room.tombstone': 150 } } };
    expect(at.send({ ...levels, sender: ally })).toBe('allowed');
    expect(at.judge({ ...tombstone, sender: ally })).toBe('allowed');
  });

  test('nobody removes a creator: not the highest level, not another creator', () => {
    const at = withAlly({ [mod]: Number.MAX_SAFE_INTEGER });
    for (const sender of [mod, ally]) {
      expect(at.judge(at.membership(sender, CREATOR, 'leave'))).toBe('member.leave.target_power');
      expect(at.judge(at.membership(sender, CREATOR, 'ban'))).toBe('member.ban.target_power');
    }
    expect(at.judge(at.membership(CREATOR, mod, 'leave'))).toBe('allowed');
  });

  test('an additional creator does not join straight after the create event: that is for its sender', () => {
    const at = makeRoom('12', { createContent: { additional_creators: [ally] }, joinRule: null, powerLevels: null });
    const input = { ...at.membership(ally, ally, 'join'), prev_events: [at.create.eventId] };
    expect(at.judge(input)).toBe('member.join.not_invited');
  });
});

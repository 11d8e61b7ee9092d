// Who may knock and join: the rules as sentences, on a small real room.
import { describe, expect, test } from 'vitest';
import { checkRules } from '../../../src/matrix/event-auth.ts';
import { eventTemplate } from '../../../src/matrix/pdu.ts';
import { redact } from '../../../src/matrix/redaction.ts';
import { ALL_VERSIONS, CREATOR, makeRoom, type TestRoom } from '../../support/rooms.ts';
import { bob, bring, kim, mod, outsider, room } from '../../support/door-scene.ts';

const knock = (at: TestRoom) => at.judge(at.membership(kim, kim, 'knock'));
const join = (at: TestRoom) => at.judge(at.membership(kim, kim, 'join'));

describe.each(ALL_VERSIONS)('in version %s a knock', (version) => {
  const knockRestricted = version === '10' || version === '11' || version === '12';

  test('is reached by the join rule: no rule but those for knocking lets anyone knock', () => {
    for (const joinRule of ['invite', 'public', 'restricted', 'private', 'org.example.rule', '', null]) {
      expect(knock(room(version, { joinRule }))).toBe('member.knock.join_rule');
    }
    expect(knock(room(version, { joinRule: 'knock' }))).toBe('allowed');
    const verdict = knock(room(version, { joinRule: 'knock_restricted' }));
    expect(verdict).toBe(knockRestricted ? 'allowed' : 'member.knock.join_rule');
  });

  test('is refused where the join rule is no text at all', () => {
    const at = room(version);
    at.force({ type: 'm.room.join_rules', state_key: '', sender: CREATOR, content: { join_rule: ['knock'] } });
    expect(knock(at)).toBe('member.knock.join_rule');
  });

  test('may be repeated while it is pending', () => {
    expect(knock(bring(room(version), 'knock'))).toBe('allowed');
  });

  test('is refused to who is invited, joined or banned', () => {
    expect(knock(bring(room(version), 'invite'))).toBe('member.knock.invited');
    expect(knock(bring(room(version), 'join'))).toBe('member.knock.joined');
    expect(knock(bring(room(version), 'ban'))).toBe('member.knock.banned');
  });

  test('cannot be made for somebody else, not even by a moderator', () => {
    const at = room(version);
    expect(at.judge(at.membership(CREATOR, kim, 'knock'))).toBe('member.knock.sender');
  });

  test('may follow a rejected one, and one that the knocker took back', () => {
    const at = room(version);
    at.must(at.membership(kim, kim, 'knock'));
    at.must(at.membership(mod, kim, 'leave'));
    at.must(at.membership(kim, kim, 'knock'));
    at.must(at.membership(kim, kim, 'leave'));
    expect(knock(at)).toBe('allowed');
  });

  test('may follow a ban once the ban is lifted', () => {
    const at = room(version);
    at.must(at.membership(kim, kim, 'knock'));
    at.must(at.membership(mod, kim, 'ban'));
    expect(knock(at)).toBe('member.knock.banned');
    at.must(at.membership(mod, kim, 'leave'));
    expect(knock(at)).toBe('allowed');
  });

  test('is accepted by an invite: its sender needs the level to invite, not the level to kick', () => {
    const at = bring(room(version, { powerLevels: { invite: 1, kick: 60 } }), 'knock');
    expect(at.judge(at.membership(bob, kim, 'invite'))).toBe('member.invite.power');
    expect(at.judge(at.membership(mod, kim, 'invite'))).toBe('allowed');
  });

  test('cannot be rejected by a moderator whose level the knocker has', () => {
    const at = bring(room(version, { users: { [mod]: 50, [kim]: 50 } }), 'knock');
    expect(at.judge(at.membership(mod, kim, 'leave'))).toBe('member.leave.target_power');
    expect(at.judge(at.membership(mod, kim, 'ban'))).toBe('member.ban.target_power');
  });

  test('does not let the knocker in unless the room is public', () => {
    expect(join(bring(room(version), 'knock'))).toBe('member.join.not_invited');
    expect(join(bring(room(version, { joinRule: 'public' }), 'knock'))).toBe('allowed');
  });
});

describe.each(ALL_VERSIONS)('in version %s a join', (version) => {
  const restricted = version !== '7';
  const knockRestricted = version === '10' || version === '11' || version === '12';

  test('of a public room is free to all but the banned', () => {
    for (const membership of ['leave', 'knock', 'invite', 'join'] as const) {
      expect(join(bring(room(version, { joinRule: 'public' }), membership))).toBe('allowed');
    }
    expect(join(room(version, { joinRule: 'public' }))).toBe('allowed');
    expect(join(bring(room(version, { joinRule: 'public' }), 'ban'))).toBe('member.join.banned');
  });

  test('under invite and knock is for the invited and the joined', () => {
    for (const joinRule of ['invite', 'knock', null]) {
      expect(join(room(version, { joinRule }))).toBe('member.join.not_invited');
      expect(join(bring(room(version, { joinRule }), 'leave'))).toBe('member.join.not_invited');
      expect(join(bring(room(version, { joinRule }), 'invite'))).toBe('allowed');
      expect(join(bring(room(version, { joinRule }), 'join'))).toBe('allowed');
    }
  });

  test('is refused under a rule that is private, unknown, or not of this version, to the invited too', () => {
    const unknown = ['private', 'org.example.rule', ''];
    if (!restricted) unknown.push('restricted');
    if (!knockRestricted) unknown.push('knock_restricted');
    for (const joinRule of unknown) {
      expect(join(bring(room(version, { joinRule }), 'invite'))).toBe('member.join.join_rule');
      expect(join(bring(room(version, { joinRule }), 'join'))).toBe('member.join.join_rule');
      const invited = room(version, { joinRule });
      expect(invited.judge(invited.membership(mod, kim, 'invite'))).toBe('allowed');
    }
  });

  test('cannot be made for somebody else', () => {
    const at = room(version, { joinRule: 'public' });
    expect(at.judge(at.membership(CREATOR, kim, 'join'))).toBe('member.join.sender');
  });

  test('straight after the create event is the creator alone', () => {
    const at = makeRoom(version, { joinRule: null, powerLevels: null });
    const first = { prev_events: [at.create.eventId] };
    expect(at.judge({ ...at.membership(CREATOR, CREATOR, 'join'), ...first })).toBe('allowed');
    expect(at.judge({ ...at.membership(kim, kim, 'join'), ...first })).toBe('member.join.not_invited');
  });
});

describe.each(['8', '9', '10', '11', '12'] as const)('in version %s a restricted join', (version) => {
  const joinVia = (at: TestRoom, authoriser: unknown, signers: readonly string[] = ['here']) =>
    at.judge({
      ...at.membership(kim, kim, 'join', { join_authorised_via_users_server: authoriser as string }),
      signers,
    });

  test('is allowed when a joined member with the level to invite vouches for it', () => {
    const at = room(version, { joinRule: 'restricted', powerLevels: { invite: 50 } });
    expect(joinVia(at, mod)).toBe('allowed');
    expect(joinVia(at, bob)).toBe('member.join.authoriser');
    expect(joinVia(at, outsider)).toBe('member.join.authoriser');
    expect(join(at)).toBe('member.join.authoriser');
  });

  test('needs nobody for the invited and the joined, and is refused to the banned', () => {
    expect(join(bring(room(version, { joinRule: 'restricted' }), 'invite'))).toBe('allowed');
    expect(join(bring(room(version, { joinRule: 'restricted' }), 'join'))).toBe('allowed');
    expect(joinVia(bring(room(version, { joinRule: 'restricted' }), 'ban'), mod)).toBe('member.join.banned');
  });

  test("is refused without the signature of the voucher's server, under any join rule", () => {
    for (const joinRule of ['restricted', 'public']) {
      const at = room(version, { joinRule });
      expect(joinVia(at, mod, [])).toBe('member.authoriser_signature');
      expect(joinVia(at, mod, ['elsewhere'])).toBe('member.authoriser_signature');
      expect(joinVia(at, 'nobody')).toBe('member.authoriser_signature');
      expect(joinVia(at, 7)).toBe('member.authoriser_signature');
    }
  });

  test('that is renewed for a new profile must not carry the old voucher on; without it all is well', () => {
    const at = bring(room(version, { joinRule: 'restricted' }), 'join');
    expect(joinVia(at, mod, [])).toBe('member.authoriser_signature');
    expect(at.judge(at.membership(kim, kim, 'join', { displayname: 'Kim' }))).toBe('allowed');
  });

  test('does not look at allow: however mangled, a vouched join and an invite pass, an unvouched join does not', () => {
    for (const allow of ['!a:b', ['!a:b'], [{ type: 'org.example' }], 7]) {
      const at = room(version);
      const content = { join_rule: 'restricted', allow };
      at.force({ type: 'm.room.join_rules', state_key: '', sender: CREATOR, content });
      expect(join(at)).toBe('member.join.authoriser');
      expect(at.judge(at.membership(mod, kim, 'invite'))).toBe('allowed');
    }
  });

  test('35: that was redacted still names its voucher from version 9 on; in version 8 it is refused, not crashed over', () => {
    const at = room(version, { joinRule: 'restricted' });
    const content = { join_authorised_via_users_server: mod, reason: 'words' };
    const pdu = at.build({ ...at.membership(kim, kim, 'join', content), signers: ['here'] });
    const redacted = redact(pdu, at.version) as typeof pdu;
    expect(checkRules(pdu, at.version, at.state)).toBeNull();
    const verdict = checkRules(redacted, at.version, at.state);
    expect(verdict?.rule ?? 'allowed').toBe(version === '8' ? 'member.join.authoriser' : 'allowed');
  });

  test('may be asked for by a template, which nobody has signed yet', () => {
    const at = room(version, { joinRule: 'restricted' });
    const signed = at.build(at.membership(kim, kim, 'join', { join_authorised_via_users_server: mod }));
    expect(checkRules(eventTemplate(signed), at.version, at.state)).toBeNull();
    expect(checkRules(signed, at.version, at.state)?.rule).toBe('member.authoriser_signature');
  });
});

test('in version 7 the key of restricted joins means nothing', () => {
  const at = room('7', { joinRule: 'public' });
  const content = { join_authorised_via_users_server: 'nobody' };
  expect(at.judge(at.membership(kim, kim, 'join', content))).toBe('allowed');
});

test.each(['10', '11', '12'] as const)(
  'in version %s knock_restricted lets in by voucher as restricted does',
  (version) => {
    const at = room(version, { joinRule: 'knock_restricted' });
    const content = { join_authorised_via_users_server: mod };
    expect(at.judge({ ...at.membership(kim, kim, 'join', content), signers: ['here'] })).toBe('allowed');
    expect(join(at)).toBe('member.join.authoriser');
  },
);

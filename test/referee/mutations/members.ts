// Breaks the rules about member events.
import { MEMBERSHIP_TABLE, mutationsOf, rejection, type Mutation } from './mutation.ts';

const member = mutationsOf('event-auth-member.ts', MEMBERSHIP_TABLE);
const thirdParty = mutationsOf('event-auth-third-party.ts', 'redeemed third-party invites');

export const MEMBER_MUTATIONS: readonly Mutation[] = [
  member(
    'anybody joins for somebody else',
    rejection('member.join.sender', "'Nobody can join for somebody else.'"),
    ';',
  ),
  member('a banned user joins', rejection('member.join.banned', "'You are banned from this room.'"), ';'),
  member(
    'a knock is as good as an invite',
    "current === 'join' || current === 'invite')",
    "current === 'join' || current === 'invite' || current === 'knock')",
  ),
  member('an invite to a knock room is worth nothing', "rule === 'invite' || rule === 'knock'", "rule === 'invite'"),
  member('an unknown join rule lets everybody in', "rule === 'public' ? null", "rule !== 'private' ? null"),
  member(
    'an authoriser needs more than the invite level',
    'levels.user(authoriser) >= levels.invite',
    'levels.user(authoriser) > levels.invite',
    'restricted joins',
  ),
  member(
    'an authoriser need not be in the room',
    "|| membershipIn(state, authoriser) !== 'join'",
    '',
    'restricted joins',
  ),
  member('an authoriser need not have signed', "|| !Object.hasOwn(pdu, 'signatures')", '|| true', 'restricted joins'),
  member(
    'every creator may join first',
    'target === creatorsOf(create.pdu, version)[0]',
    'creatorsOf(create.pdu, version).includes(target)',
    "the creator's first join",
  ),
  member(
    'the first join may follow more than the create event',
    'pdu.prev_events.length !== 1 || ',
    '',
    "the creator's first join",
  ),
  member('a member may be no user', '!isUserId(target)', 'target === undefined', 'malformed member events'),
  member('an outsider invites', rejection('member.invite.sender_not_joined', "'Only members can invite.'"), ';'),
  member(
    'a banned user is invited',
    "if (current === 'ban') return reject('member.invite",
    "if (false) return reject('member.invite",
  ),
  member(
    'a member is invited again',
    "if (current === 'join') return reject('member.invite",
    "if (false) return reject('member.invite",
  ),
  member(
    'an invite needs more than the invite level',
    'levels.user(pdu.sender) >= levels.invite',
    'levels.user(pdu.sender) > levels.invite',
  ),
  member(
    'a knock cannot be retracted',
    "current === 'invite' || current === 'join' || current === 'knock'",
    "current === 'invite' || current === 'join'",
  ),
  member('a kick is enough to unban', "current === 'ban' && power < levels.ban", 'false'),
  member('a kick needs more than the kick level', 'power < levels.kick', 'power <= levels.kick'),
  member(
    'equals kick each other',
    "if (levels.user(target) < power) return null;\n  return reject('member.leave",
    "if (levels.user(target) <= power) return null;\n  return reject('member.leave",
  ),
  member(
    'equals ban each other',
    "if (levels.user(target) < power) return null;\n  return reject('member.ban",
    "if (levels.user(target) <= power) return null;\n  return reject('member.ban",
  ),
  member('a ban needs no level', 'power < levels.ban) return', 'false) return'),
  member(
    'anybody knocks for somebody else',
    rejection('member.knock.sender', "'Nobody can knock for somebody else.'"),
    ';',
  ),
  member(
    'the invited knock',
    rejection('member.knock.invited', "'You are already invited to this room.'"),
    'return null;',
  ),
  member('the banned knock', rejection('member.knock.banned', "'You are banned from this room.'"), 'return null;'),

  thirdParty('a banned user is invited by a third party', "membershipIn(state, target) === 'ban'", 'false'),
  thirdParty('an invite is redeemed for somebody else', 'mxid !== target', 'false'),
  thirdParty("somebody else's third-party invite is redeemed", 'original.pdu.sender !== pdu.sender', 'false'),
  thirdParty(
    'the signature of a redemption is not looked at',
    'isSignedByAny(signed, publicKeysOf(original.pdu.content))',
    'true',
  ),
  thirdParty('the keys of public_keys do not count', '[content, ...entries]', '[content]'),
];

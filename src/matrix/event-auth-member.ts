// Rule 5 (4 before version 12): who may set whose membership to what, one function a membership.
import { authoriserOf, signaturesBy } from './signatures.ts';
import { isUserId, serverOf } from './identifiers.ts';
import { membershipOf, type PduFields } from './pdu.ts';
import { reject, type Rejection } from './rejection.ts';
import { creatorsOf, joinRule, membershipIn, powerLevels, type RoomState } from './room-state.ts';
import type { RoomVersion } from './room-versions.ts';
import { checkThirdPartyInvite } from './event-auth-third-party.ts';

/** A member event on its way through the rule: `target` is its state key. */
interface MemberCase {
  readonly pdu: PduFields;
  readonly target: string;
  readonly version: RoomVersion;
  readonly state: RoomState;
}

/** Judges an m.room.member event; null allows it. https://spec.matrix.org/latest/rooms/v12/#authorization-rules */
export function checkMember(pdu: PduFields, version: RoomVersion, state: RoomState): Rejection | null {
  // If there is no state_key property, or no membership property in content, reject. Nor can what is no user id be a
  // member, which the rules leave unsaid and servers agree on.
  const target = pdu.state_key;
  if (!isUserId(target)) return reject('member.state_key', 'A member event must say whose membership it sets.');
  const unsigned = checkAuthoriserSignature(pdu, version);
  if (unsigned !== null) return unsigned;
  const member: MemberCase = { pdu, target, version, state };
  const membership = membershipOf(pdu);
  switch (membership) {
    case 'join':
      return checkJoin(member);
    case 'invite':
      return checkInvite(member);
    case 'leave':
      return checkLeave(member);
    case 'ban':
      return checkBan(member);
    case 'knock':
      return checkKnock(member);
    case null:
      // Otherwise, the membership is unknown. Reject.
      return reject('member.membership', 'The membership is missing or unknown.');
    default:
      return membership satisfies never;
  }
}

/**
 * Since v8, if content has a join_authorised_via_users_server key and the event is not validly signed by the homeserver
 * of the user id denoted by the key, reject. Which signatures are valid has been settled by `verifyEvent`; a template has
 * none yet.
 */
function checkAuthoriserSignature(pdu: PduFields, version: RoomVersion): Rejection | null {
  const authoriser = authoriserOf(pdu, version);
  if (authoriser === undefined || !Object.hasOwn(pdu, 'signatures')) return null;
  if (isUserId(authoriser) && Object.keys(signaturesBy(pdu, serverOf(authoriser))).length > 0) return null;
  return reject('member.authoriser_signature', 'The server of the user who authorised the join has not signed it.');
}

function checkJoin(member: MemberCase): Rejection | null {
  const { pdu, target, state } = member;
  // If the only previous event is an m.room.create and the state_key is the creator, allow.
  if (isCreatorsFirstJoin(member)) return null;
  // If the sender does not match state_key, reject.
  if (pdu.sender !== target) return reject('member.join.sender', 'Nobody can join for somebody else.');
  // If the sender is banned, reject.
  const current = membershipIn(state, target);
  if (current === 'ban') return reject('member.join.banned', 'You are banned from this room.');
  return checkJoinRule(member, current === 'join' || current === 'invite');
}

function isCreatorsFirstJoin({ pdu, target, version, state }: MemberCase): boolean {
  const create = state.get('m.room.create', '');
  if (create === undefined || pdu.prev_events.length !== 1 || pdu.prev_events[0] !== create.eventId) return false;
  // v7–v10 read the creator from the content, v11 and later from the sender; additional creators do not count.
  return target === creatorsOf(create.pdu, version)[0];
}

function checkJoinRule(member: MemberCase, joinedOrInvited: boolean): Rejection | null {
  const { state, version } = member;
  const rule = joinRule(state);
  // If the join_rule is invite or knock then allow if membership state is invite or join.
  if (rule === 'invite' || rule === 'knock') {
    return joinedOrInvited ? null : reject('member.join.not_invited', 'You are not invited to this room.');
  }
  // Since v8 restricted, since v10 also knock_restricted: if membership state is join or invite, allow; if the
  // join_authorised_via_users_server key is not a user with sufficient permission to invite other users or is not a
  // joined member of the room, reject; otherwise, allow.
  if (version.restrictedJoinRules.includes(rule)) {
    return joinedOrInvited || isAuthorised(member)
      ? null
      : reject('member.join.authoriser', 'No member with the power to invite has authorised this join.');
  }
  // If the join_rule is public, allow. Otherwise, reject.
  return rule === 'public' ? null : reject('member.join.join_rule', 'The join rule of this room lets nobody in.');
}

function isAuthorised({ pdu, version, state }: MemberCase): boolean {
  const authoriser = authoriserOf(pdu, version);
  if (typeof authoriser !== 'string' || membershipIn(state, authoriser) !== 'join') return false;
  const levels = powerLevels(state, version);
  return levels.user(authoriser) >= levels.invite;
}

function checkInvite(member: MemberCase): Rejection | null {
  const { pdu, target, version, state } = member;
  // If content has a third_party_invite property, its own rules decide.
  if (Object.hasOwn(pdu.content, 'third_party_invite')) return checkThirdPartyInvite(pdu, target, state);
  // If the sender's current membership state is not join, reject.
  if (membershipIn(state, pdu.sender) !== 'join') {
    return reject('member.invite.sender_not_joined', 'Only members can invite.');
  }
  // If target user's current membership state is join or ban, reject.
  const current = membershipIn(state, target);
  if (current === 'join') return reject('member.invite.target_joined', `${target} is already in the room.`);
  if (current === 'ban') return reject('member.invite.target_banned', `${target} is banned from this room.`);
  // If the sender's power level is greater than or equal to the invite level, allow. Otherwise, reject.
  const levels = powerLevels(state, version);
  if (levels.user(pdu.sender) >= levels.invite) return null;
  return reject('member.invite.power', 'You do not have the power level to invite.');
}

function checkLeave(member: MemberCase): Rejection | null {
  const { pdu, target, version, state } = member;
  const current = membershipIn(state, target);
  // If the sender matches state_key, allow if and only if that user's current membership state is invite, join, or knock.
  if (pdu.sender === target) {
    return current === 'invite' || current === 'join' || current === 'knock'
      ? null
      : reject('member.leave.nothing_to_leave', 'You are neither in this room nor invited nor knocking.');
  }
  // If the sender's current membership state is not join, reject.
  if (membershipIn(state, pdu.sender) !== 'join') {
    return reject('member.leave.sender_not_joined', 'Only members can remove somebody.');
  }
  // If the target user's current membership state is ban, and the sender's power level is less than the ban level, reject.
  const levels = powerLevels(state, version);
  const power = levels.user(pdu.sender);
  if (current === 'ban' && power < levels.ban) {
    return reject('member.leave.unban_power', 'You do not have the power level to unban.');
  }
  // If the sender's power level is greater than or equal to the kick level, and the target user's power level is less
  // than the sender's power level, allow. Otherwise, reject.
  if (power < levels.kick)
    return reject('member.leave.kick_power', 'You do not have the power level to remove anyone.');
  if (levels.user(target) < power) return null;
  return reject('member.leave.target_power', `You do not have more power than ${target}.`);
}

function checkBan({ pdu, target, version, state }: MemberCase): Rejection | null {
  // If the sender's current membership state is not join, reject.
  if (membershipIn(state, pdu.sender) !== 'join') {
    return reject('member.ban.sender_not_joined', 'Only members can ban.');
  }
  // If the sender's power level is greater than or equal to the ban level, and the target user's power level is less than
  // the sender's power level, allow. Otherwise, reject.
  const levels = powerLevels(state, version);
  const power = levels.user(pdu.sender);
  if (power < levels.ban) return reject('member.ban.power', 'You do not have the power level to ban.');
  if (levels.user(target) < power) return null;
  return reject('member.ban.target_power', `You do not have more power than ${target}.`);
}

function checkKnock({ pdu, target, version, state }: MemberCase): Rejection | null {
  // Since v7, if the join_rule is anything other than knock (since v10, or knock_restricted), reject.
  if (!version.knockJoinRules.includes(joinRule(state))) {
    return reject('member.knock.join_rule', 'The join rule of this room does not let anyone knock.');
  }
  // If sender does not match state_key, reject.
  if (pdu.sender !== target) return reject('member.knock.sender', 'Nobody can knock for somebody else.');
  // If the sender's current membership is not ban, invite, or join, allow. Otherwise, reject.
  const current = membershipIn(state, target);
  switch (current) {
    case 'ban':
      return reject('member.knock.banned', 'You are banned from this room.');
    case 'invite':
      return reject('member.knock.invited', 'You are already invited to this room.');
    case 'join':
      return reject('member.knock.joined', 'You are already in this room.');
    case 'none':
    case 'leave':
    case 'knock':
      return null;
    default:
      return current satisfies never;
  }
}

// The kinds of membership transitions, and which one a change of membership is.
import type { Membership } from '../matrix/pdu.ts';

export type TransitionKind =
  | 'KNOCK_REQUESTED'
  | 'KNOCK_RENEWED'
  | 'KNOCK_ACCEPTED'
  | 'KNOCK_REJECTED'
  | 'KNOCK_RETRACTED'
  | 'KNOCK_LAPSED'
  | 'INVITE_SENT'
  | 'INVITE_RENEWED'
  | 'INVITE_ACCEPTED'
  | 'INVITE_DECLINED'
  | 'INVITE_REVOKED'
  | 'JOINED'
  | 'LEFT'
  | 'KICKED'
  | 'BANNED'
  | 'BAN_RENEWED'
  | 'UNBANNED'
  | 'MEMBERSHIP_RECONCILED';

/**
 * Names the change of a user's effective membership made by an event, `self` telling whether its sender is that user.
 * Null where nothing is to be told: a changed profile, a leave of somebody who is not there. What no single event may do
 * (an invited user cannot knock, a banned one cannot join) comes about by state resolution alone: MEMBERSHIP_RECONCILED.
 * KNOCK_LAPSED is never the answer: it is inferred by asking the room's server, not read off an event.
 */
export function transitionKind(from: Membership | 'none', to: Membership, self: boolean): TransitionKind | null {
  switch (to) {
    case 'knock':
      return toKnock(from);
    case 'invite':
      return toInvite(from);
    case 'join':
      return toJoin(from);
    case 'leave':
      return self ? toOwnLeave(from) : toOthersLeave(from);
    case 'ban':
      return from === 'ban' ? 'BAN_RENEWED' : 'BANNED';
    default:
      return to satisfies never;
  }
}

function toKnock(from: Membership | 'none'): TransitionKind {
  if (from === 'none' || from === 'leave') return 'KNOCK_REQUESTED';
  return from === 'knock' ? 'KNOCK_RENEWED' : 'MEMBERSHIP_RECONCILED';
}

function toInvite(from: Membership | 'none'): TransitionKind {
  if (from === 'knock') return 'KNOCK_ACCEPTED';
  if (from === 'invite') return 'INVITE_RENEWED';
  return from === 'none' || from === 'leave' ? 'INVITE_SENT' : 'MEMBERSHIP_RECONCILED';
}

function toJoin(from: Membership | 'none'): TransitionKind | null {
  if (from === 'join') return null;
  if (from === 'ban') return 'MEMBERSHIP_RECONCILED';
  return from === 'invite' ? 'INVITE_ACCEPTED' : 'JOINED';
}

function toOwnLeave(from: Membership | 'none'): TransitionKind | null {
  switch (from) {
    case 'knock':
      return 'KNOCK_RETRACTED';
    case 'invite':
      return 'INVITE_DECLINED';
    case 'join':
      return 'LEFT';
    case 'ban':
      return 'MEMBERSHIP_RECONCILED';
    case 'none':
    case 'leave':
      return null;
    default:
      return from satisfies never;
  }
}

function toOthersLeave(from: Membership | 'none'): TransitionKind | null {
  switch (from) {
    case 'knock':
      return 'KNOCK_REJECTED';
    case 'invite':
      return 'INVITE_REVOKED';
    case 'join':
      return 'KICKED';
    case 'ban':
      return 'UNBANNED';
    case 'none':
    case 'leave':
      return null;
    default:
      return from satisfies never;
  }
}

/**
 * The same for a membership out of band, of which this server sees what it is told: between two events there may have been
 * others. So a banned user can be invited, and an invited one knock.
 */
export function outsideKind(from: Membership | 'none', to: Membership, self: boolean): TransitionKind | null {
  const kind = transitionKind(from, to, self);
  return kind === 'MEMBERSHIP_RECONCILED' ? transitionKind('leave', to, self) : kind;
}

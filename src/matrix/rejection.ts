// A protocol refusal as a value: which rule said no, and why in words.

/** Every rule that can refuse an event, named by where it stands in the specification. */
export type RejectionRule =
  | 'format.shape'
  | 'format.size'
  | 'format.auth_events'
  | 'format.prev_events'
  | 'signature.missing'
  | 'signature.invalid'
  | 'signature.no_keys'
  | 'create.prev_events'
  | 'create.room_id'
  | 'create.room_version'
  | 'create.creator'
  | 'create.additional_creators'
  | 'room.no_create'
  | 'room.other_room'
  | 'auth_events.duplicate'
  | 'auth_events.unexpected'
  | 'auth_events.rejected'
  | 'auth_events.no_create'
  | 'auth_events.other_room'
  | 'federate.other_server'
  | 'member.state_key'
  | 'member.membership'
  | 'member.authoriser_signature'
  | 'member.join.sender'
  | 'member.join.banned'
  | 'member.join.join_rule'
  | 'member.join.not_invited'
  | 'member.join.authoriser'
  | 'member.invite.sender_not_joined'
  | 'member.invite.target_joined'
  | 'member.invite.target_banned'
  | 'member.invite.power'
  | 'member.third_party_invite.banned'
  | 'member.third_party_invite.signed'
  | 'member.third_party_invite.mxid'
  | 'member.third_party_invite.token'
  | 'member.third_party_invite.sender'
  | 'member.third_party_invite.signature'
  | 'member.leave.nothing_to_leave'
  | 'member.leave.sender_not_joined'
  | 'member.leave.unban_power'
  | 'member.leave.kick_power'
  | 'member.leave.target_power'
  | 'member.ban.sender_not_joined'
  | 'member.ban.power'
  | 'member.ban.target_power'
  | 'member.knock.join_rule'
  | 'member.knock.sender'
  | 'member.knock.banned'
  | 'member.knock.invited'
  | 'member.knock.joined'
  | 'sender.not_joined'
  | 'third_party_invite.power'
  | 'power.required'
  | 'state_key.other_user'
  | 'power_levels.format'
  | 'power_levels.users'
  | 'power_levels.creator'
  | 'power_levels.level'
  | 'power_levels.events'
  | 'power_levels.notifications'
  | 'power_levels.user';

export interface Rejection {
  readonly rejected: true;
  readonly rule: RejectionRule;
  /** A sentence for people; it never quotes more than identifiers. */
  readonly message: string;
}

export function reject(rule: RejectionRule, message: string): Rejection {
  return { rejected: true, rule, message };
}

/** Tells a rejection from an event, even from a hostile one with a top-level key `rejected`: every event has `content`. */
export function isRejection(value: unknown): value is Rejection {
  if (typeof value !== 'object' || value === null) return false;
  return 'rejected' in value && value.rejected === true && 'rule' in value && !('content' in value);
}

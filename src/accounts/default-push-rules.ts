/** The push rules that everybody begins with (client-server API, Predefined Rules). */
import type { JsonObject, JsonValue } from '../matrix/json.ts';

/** In the order in which clients weigh them. */
export const PUSH_RULE_KINDS = ['override', 'content', 'room', 'sender', 'underride'] as const;

export type PushRuleKind = (typeof PUSH_RULE_KINDS)[number];

export interface PushRule {
  readonly rule_id: string;
  readonly default: boolean;
  readonly enabled: boolean;
  readonly actions: readonly JsonValue[];
  /** Of override and underride rules. */
  readonly conditions?: readonly JsonObject[];
  /** Of content rules. */
  readonly pattern?: string;
}

export type PushRuleset = Readonly<Record<PushRuleKind, readonly PushRule[]>>;

export interface DefaultPushRules {
  /** Above every rule of the user. */
  readonly master: PushRule;
  /** Below the rules that the user made, by kind. */
  readonly rules: PushRuleset;
}

const NOTIFY = 'notify';
const HIGHLIGHT = { set_tweak: 'highlight' } as const;
const sound = (value: string) => ({ set_tweak: 'sound', value });
const matches = (key: string, pattern: string) => ({ kind: 'event_match', key, pattern });
const is = (key: string, value: JsonValue) => ({ kind: 'event_property_is', key, value });
const ofTwo = { kind: 'room_member_count', is: '2' } as const;

const rule = (name: string, conditions: readonly JsonObject[], actions: readonly JsonValue[]): PushRule => ({
  rule_id: `.m.rule.${name}`,
  default: true,
  enabled: true,
  conditions,
  actions,
});

/** Some name the user they are for. */
export function defaultPushRules(userId: string): DefaultPushRules {
  return {
    master: { ...rule('master', [], []), enabled: false },
    rules: { override: overrides(userId), content: [], room: [], sender: [], underride: UNDERRIDES },
  };
}

function overrides(userId: string): readonly PushRule[] {
  const invited = [matches('type', 'm.room.member'), matches('content.membership', 'invite')];
  const mentioned = { kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: userId };
  const byPower = { kind: 'sender_notification_permission', key: 'room' };
  return [
    rule('suppress_notices', [matches('content.msgtype', 'm.notice')], []),
    rule('invite_for_me', [...invited, matches('state_key', userId)], [NOTIFY, sound('default')]),
    rule('member_event', [matches('type', 'm.room.member')], []),
    rule('is_user_mention', [mentioned], [NOTIFY, sound('default'), HIGHLIGHT]),
    rule('is_room_mention', [is('content.m\\.mentions.room', true), byPower], [NOTIFY, HIGHLIGHT]),
    rule('tombstone', [matches('type', 'm.room.tombstone'), matches('state_key', '')], [NOTIFY, HIGHLIGHT]),
    rule('reaction', [matches('type', 'm.reaction')], []),
    rule('room.server_acl', [matches('type', 'm.room.server_acl'), matches('state_key', '')], []),
    rule('suppress_edits', [is('content.m\\.relates_to.rel_type', 'm.replace')], []),
  ];
}

const UNDERRIDES: readonly PushRule[] = [
  rule('call', [matches('type', 'm.call.invite')], [NOTIFY, sound('ring')]),
  rule('encrypted_room_one_to_one', [ofTwo, matches('type', 'm.room.encrypted')], [NOTIFY, sound('default')]),
  rule('room_one_to_one', [ofTwo, matches('type', 'm.room.message')], [NOTIFY, sound('default')]),
  rule('message', [matches('type', 'm.room.message')], [NOTIFY]),
  rule('encrypted', [matches('type', 'm.room.encrypted')], [NOTIFY]),
];

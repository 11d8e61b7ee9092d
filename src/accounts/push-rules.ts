/** A user's push rules: the defaults, what the user changed about them, and the user's own. Pure, over what is stored of them. */
import { MatrixError } from '../matrix/errors.ts';
import { isJsonArray, isJsonObject, jsonObject, type JsonObject, type JsonValue } from '../matrix/json.ts';
import {
  defaultPushRules,
  PUSH_RULE_KINDS,
  type PushRule,
  type PushRuleKind,
  type PushRuleset,
} from './default-push-rules.ts';

/** The type of account data that holds the rules. */
export const PUSH_RULES = 'm.push_rules';

/** What is stored: the user's rules by kind, and of default rules what is not as they came, by `kind/rule_id`. */
interface StoredRules {
  readonly rules: PushRuleset;
  readonly changed: Readonly<Record<string, Partial<Pick<PushRule, 'enabled' | 'actions'>>>>;
}

export interface NewPushRule {
  readonly actions: readonly JsonValue[];
  readonly conditions?: readonly JsonValue[] | undefined;
  readonly pattern?: string | undefined;
}

/** A rule of the user's next to which another one goes. */
export interface PushRulePlace {
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** All rules, in the order in which they are weighed; `stored` is null when the user never changed any. */
export function pushRulesetOf(userId: string, stored: JsonObject | null): PushRuleset {
  const { rules, changed } = readStored(stored);
  const { master, rules: defaults } = defaultPushRules(userId);
  const asChanged = (kind: PushRuleKind) => (rule: PushRule) => ({ ...rule, ...changed[nameOf(kind, rule.rule_id)] });
  const ofKind = (kind: PushRuleKind): readonly PushRule[] => [
    ...(kind === 'override' ? [master].map(asChanged(kind)) : []),
    ...rules[kind],
    ...defaults[kind].map(asChanged(kind)),
  ];
  return byKind(ofKind);
}

/** The kind that a path names. Throws M_INVALID_PARAM for none. */
export function pushRuleKind(text: string): PushRuleKind {
  const kind = PUSH_RULE_KINDS.find((each) => each === text);
  if (kind === undefined) throw new MatrixError('M_INVALID_PARAM', 'There is no such kind of push rules.');
  return kind;
}

/** Throws M_NOT_FOUND. */
export function findPushRule(ruleset: PushRuleset, kind: PushRuleKind, ruleId: string): PushRule {
  const rule = ruleset[kind].find((each) => each.rule_id === ruleId);
  if (rule === undefined) throw new MatrixError('M_NOT_FOUND', 'The push rule was not found.');
  return rule;
}

/**
 * Adds a rule of the user's, by default as the most important of its kind, or changes it in its place. Throws
 * M_INVALID_PARAM for an id that only default rules have and for what is no rule, M_MISSING_PARAM for a content rule without
 * a pattern, M_UNKNOWN (400) when the rule it should stand next to is none of the user's.
 */
export function withPushRule(
  before: JsonObject | null,
  kind: PushRuleKind,
  ruleId: string,
  given: NewPushRule,
  place: PushRulePlace,
): JsonObject {
  if (/^\.|[/\\]/.test(ruleId)) throw new MatrixError('M_INVALID_PARAM', 'This cannot be the id of a push rule.');
  const stored = readStored(before);
  const old = stored.rules[kind].find((rule) => rule.rule_id === ruleId);
  const rule = { ...newRule(kind, given), rule_id: ruleId, default: false, enabled: old?.enabled ?? true };
  const rules = placed(stored.rules[kind], rule, place);
  return written({ ...stored, rules: { ...stored.rules, [kind]: rules } });
}

/** Throws M_NOT_FOUND for no rule, M_INVALID_PARAM for a default rule: it can be switched off. */
export function withoutPushRule(before: JsonObject | null, kind: PushRuleKind, ruleId: string): JsonObject {
  const stored = readStored(before);
  const rules = stored.rules[kind].filter((rule) => rule.rule_id !== ruleId);
  if (rules.length < stored.rules[kind].length)
    return written({ ...stored, rules: { ...stored.rules, [kind]: rules } });
  findPushRule(pushRulesetOf('', before), kind, ruleId);
  throw new MatrixError('M_INVALID_PARAM', 'A default push rule can be switched off, not deleted.');
}

/** Switches a rule on or off, or gives it other actions; default rules too. Throws M_NOT_FOUND, M_INVALID_PARAM. */
export function withPushRuleChange(
  before: JsonObject | null,
  kind: PushRuleKind,
  ruleId: string,
  change: { readonly enabled: boolean } | { readonly actions: readonly JsonValue[] },
): JsonObject {
  if ('actions' in change) checkActions(change.actions);
  const stored = readStored(before);
  if (findPushRule(pushRulesetOf('', before), kind, ruleId).default) {
    const name = nameOf(kind, ruleId);
    return written({ ...stored, changed: { ...stored.changed, [name]: { ...stored.changed[name], ...change } } });
  }
  const rules = stored.rules[kind].map((rule) => (rule.rule_id === ruleId ? { ...rule, ...change } : rule));
  return written({ ...stored, rules: { ...stored.rules, [kind]: rules } });
}

function newRule(kind: PushRuleKind, { actions, conditions = [], pattern }: NewPushRule) {
  checkActions(actions);
  if (kind === 'content') {
    if (pattern === undefined) throw new MatrixError('M_MISSING_PARAM', 'A content rule needs a pattern.');
    return { actions, pattern };
  }
  if (kind !== 'override' && kind !== 'underride') return { actions };
  const objects = conditions.filter((condition) => isJsonObject(condition) && typeof condition['kind'] === 'string');
  if (objects.length < conditions.length)
    throw new MatrixError('M_INVALID_PARAM', 'A condition is an object with a kind.');
  return { actions, conditions: objects as readonly JsonObject[] };
}

function checkActions(actions: readonly JsonValue[]): void {
  const isAction = (action: JsonValue) =>
    typeof action === 'string' || (isJsonObject(action) && typeof action['set_tweak'] === 'string');
  if (!actions.every(isAction)) throw new MatrixError('M_INVALID_PARAM', 'An action is a word or sets a tweak.');
}

/** The rule next to the one named; without a place where it was, or else first. */
function placed(rules: readonly PushRule[], rule: PushRule, { before, after }: PushRulePlace): readonly PushRule[] {
  const others = rules.filter((each) => each.rule_id !== rule.rule_id);
  const named = before ?? after;
  const was = rules.findIndex((each) => each.rule_id === rule.rule_id);
  const next = named === undefined ? Math.max(was, 0) : others.findIndex((each) => each.rule_id === named);
  if (next < 0) throw new MatrixError('M_UNKNOWN', 'The rule of before or after was not found.', { status: 400 });
  return others.toSpliced(named !== undefined && before === undefined ? next + 1 : next, 0, rule);
}

function nameOf(kind: PushRuleKind, ruleId: string): string {
  return `${kind}/${ruleId}`;
}

function byKind<T>(value: (kind: PushRuleKind) => T): Readonly<Record<PushRuleKind, T>> {
  return {
    override: value('override'),
    content: value('content'),
    room: value('room'),
    sender: value('sender'),
    underride: value('underride'),
  };
}

// Only what written() wrote is ever read here.
function readStored(stored: JsonObject | null): StoredRules {
  const rules = stored?.['rules'];
  const changed = stored?.['changed'];
  const ofKind = (kind: PushRuleKind) => (isJsonObject(rules) && isJsonArray(rules[kind]) ? rules[kind] : []);
  return {
    rules: byKind((kind) => ofKind(kind) as unknown as readonly PushRule[]),
    changed: (isJsonObject(changed) ? changed : {}) as StoredRules['changed'],
  };
}

function written({ rules, changed }: StoredRules): JsonObject {
  return jsonObject({ rules, changed } as unknown as JsonObject);
}

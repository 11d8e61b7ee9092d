/** PUT /pushrules/global/{kind}/{ruleId}: adds a push rule, or changes one of the user's own. */
import { Type } from 'typebox';
import { pushRuleKind, withPushRule } from '../../accounts/push-rules.ts';
import type { JsonValue } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { changePushRules } from './own-account.ts';

const Body = Type.Object({
  actions: Type.Array(Type.Unknown()),
  conditions: Type.Optional(Type.Array(Type.Unknown())),
  pattern: Type.Optional(Type.String()),
});

export const setPushRule = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId',
  auth: 'user',
  query: { before: 'one', after: 'one' },
  body: Body,
  summary: 'Adds a push rule, or changes one of one’s own.',
  errors: [['M_UNKNOWN', 400], 'M_MISSING_PARAM'],
  answer: Nothing,
  async handle(parts, { params, query, body, caller }) {
    const kind = pushRuleKind(params.kind);
    const rule = {
      actions: body.actions as readonly JsonValue[],
      conditions: body.conditions as readonly JsonValue[] | undefined,
      pattern: body.pattern,
    };
    await changePushRules(parts, caller, (before) => withPushRule(before, kind, params.ruleId, rule, query));
    return {};
  },
});

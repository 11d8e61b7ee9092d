/** GET /pushrules/global/{kind}/{ruleId}. */
import { Type } from 'typebox';
import { findPushRule, pushRuleKind } from '../../accounts/push-rules.ts';
import { endpoint } from '../endpoint.ts';
import { pushRulesOf } from './own-account.ts';

export const getPushRule = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId',
  auth: 'user',
  summary: 'One push rule.',
  errors: ['M_NOT_FOUND'],
  answer: Type.Object({
    rule_id: Type.String(),
    default: Type.Boolean(),
    enabled: Type.Boolean(),
    actions: Type.Array(Type.Unknown()),
  }),
  async handle({ db }, { params, caller }) {
    const kind = pushRuleKind(params.kind);
    return findPushRule(await pushRulesOf({ db }, caller), kind, params.ruleId);
  },
});

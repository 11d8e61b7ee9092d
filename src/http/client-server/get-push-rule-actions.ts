/** GET /pushrules/global/{kind}/{ruleId}/actions. */
import { Type } from 'typebox';
import { findPushRule, pushRuleKind } from '../../accounts/push-rules.ts';
import { endpoint } from '../endpoint.ts';
import { pushRulesOf } from './own-account.ts';

export const getPushRuleActions = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId/actions',
  auth: 'user',
  summary: 'What a push rule does.',
  errors: ['M_NOT_FOUND'],
  answer: Type.Object({ actions: Type.Array(Type.Unknown()) }),
  async handle({ db }, { params, caller }) {
    const kind = pushRuleKind(params.kind);
    return { actions: findPushRule(await pushRulesOf({ db }, caller), kind, params.ruleId).actions };
  },
});

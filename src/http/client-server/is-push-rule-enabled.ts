/** GET /pushrules/global/{kind}/{ruleId}/enabled. */
import { Type } from 'typebox';
import { findPushRule, pushRuleKind } from '../../accounts/push-rules.ts';
import { endpoint } from '../endpoint.ts';
import { pushRulesOf } from './own-account.ts';

export const isPushRuleEnabled = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId/enabled',
  auth: 'user',
  summary: 'Whether a push rule is switched on.',
  errors: ['M_NOT_FOUND'],
  answer: Type.Object({ enabled: Type.Boolean() }),
  async handle({ db }, { params, caller }) {
    const kind = pushRuleKind(params.kind);
    return { enabled: findPushRule(await pushRulesOf({ db }, caller), kind, params.ruleId).enabled };
  },
});

/** PUT /pushrules/global/{kind}/{ruleId}/enabled: default rules too. */
import { Type } from 'typebox';
import { pushRuleKind, withPushRuleChange } from '../../accounts/push-rules.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { changePushRules } from './own-account.ts';

export const setPushRuleEnabled = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId/enabled',
  auth: 'user',
  body: Type.Object({ enabled: Type.Boolean() }),
  summary: 'Switches a push rule on or off.',
  errors: ['M_NOT_FOUND'],
  answer: Nothing,
  async handle(parts, { params, body: { enabled }, caller }) {
    const kind = pushRuleKind(params.kind);
    await changePushRules(parts, caller, (before) => withPushRuleChange(before, kind, params.ruleId, { enabled }));
    return {};
  },
});

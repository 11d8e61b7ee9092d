/** PUT /pushrules/global/{kind}/{ruleId}/actions: of default rules too. */
import { Type } from 'typebox';
import { pushRuleKind, withPushRuleChange } from '../../accounts/push-rules.ts';
import type { JsonValue } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { changePushRules } from './own-account.ts';

export const setPushRuleActions = endpoint({
  method: 'PUT',
  path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId/actions',
  auth: 'user',
  body: Type.Object({ actions: Type.Array(Type.Unknown()) }),
  summary: 'Says what a push rule does.',
  errors: ['M_NOT_FOUND'],
  answer: Nothing,
  async handle(parts, { params, body, caller }) {
    const kind = pushRuleKind(params.kind);
    const actions = body.actions as readonly JsonValue[];
    await changePushRules(parts, caller, (before) => withPushRuleChange(before, kind, params.ruleId, { actions }));
    return {};
  },
});

/** DELETE /pushrules/global/{kind}/{ruleId}: one of the user's own rules. */
import { pushRuleKind, withoutPushRule } from '../../accounts/push-rules.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';
import { changePushRules } from './own-account.ts';

export const deletePushRule = endpoint({
  method: 'DELETE',
  path: '/_matrix/client/v3/pushrules/global/:kind/:ruleId',
  auth: 'user',
  summary: 'Deletes one of one’s own push rules.',
  errors: ['M_NOT_FOUND', 'M_TOO_LARGE'],
  answer: Nothing,
  async handle(parts, { params, caller }) {
    const kind = pushRuleKind(params.kind);
    await changePushRules(parts, caller, (before) => withoutPushRule(before, kind, params.ruleId));
    return {};
  },
});

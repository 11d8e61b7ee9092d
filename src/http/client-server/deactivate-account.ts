/** POST /account/deactivate: ends the caller's account, once they have given their password. */
import { Type } from 'typebox';
import { deactivateAccount as deactivate } from '../../commands/deactivate-account.ts';
import { jsonObject } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';
import { AuthData, confirmedByPassword } from './password-stage.ts';

export const deactivateAccount = endpoint({
  summary: 'Ends the account: nobody signs in to it any more, and it leaves its rooms.',
  method: 'POST',
  path: '/_matrix/client/v3/account/deactivate',
  auth: 'user',
  body: Type.Object({ erase: Type.Optional(Type.Boolean()), auth: Type.Optional(AuthData) }),
  asksForStages: true,
  errors: ['M_LIMIT_EXCEEDED'],
  answer: Type.Object({ id_server_unbind_result: Type.Literal('success') }),
  async handle(parts, { body: { erase = false, auth }, caller, ip }) {
    const confirmed = await confirmedByPassword(parts, {
      ...{ operation: 'deactivateAccount', caller, ip, auth },
      wanted: (bound) => jsonObject({ erase, ...bound }),
    });
    if ('challenge' in confirmed) return confirmed.challenge;
    await deactivate(parts.commands, caller, { erase: confirmed.parameters['erase'] === true });
    await parts.aftercare.attend(caller.userId);
    // There are no identifiers here that an identity server could know.
    return { id_server_unbind_result: 'success' };
  },
});

/** GET /pushrules/: all push rules. Clients ask for them before they sync. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { pushRulesOf } from './own-account.ts';

export const getPushRules = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/',
  aliases: ['/_matrix/client/v3/pushrules'],
  auth: 'user',
  summary: 'All push rules.',
  answer: Type.Object({ global: Type.Object({}) }),
  errors: [],
  handle: async ({ db }, { caller }) => ({ global: await pushRulesOf({ db }, caller) }),
});

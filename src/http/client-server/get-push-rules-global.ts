/** GET /pushrules/global/: all push rules of the one set there is. */
import { endpoint } from '../endpoint.ts';
import { pushRulesOf } from './own-account.ts';

export const getPushRulesGlobal = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/global/',
  aliases: ['/_matrix/client/v3/pushrules/global'],
  auth: 'user',
  summary: 'The push rules of the one set there is.',
  handle: ({ db }, { caller }) => pushRulesOf({ db }, caller),
});

/** GET /pushrules/global/: all push rules of the one set there is. */
import { Type } from 'typebox';
import { endpoint } from '../endpoint.ts';
import { pushRulesOf } from './own-account.ts';

export const getPushRulesGlobal = endpoint({
  method: 'GET',
  path: '/_matrix/client/v3/pushrules/global/',
  aliases: ['/_matrix/client/v3/pushrules/global'],
  auth: 'user',
  summary: 'The push rules of the one set there is.',
  answer: Type.Object({
    override: Type.Array(Type.Object({})),
    content: Type.Array(Type.Object({})),
    room: Type.Array(Type.Object({})),
    sender: Type.Array(Type.Object({})),
    underride: Type.Array(Type.Object({})),
  }),
  errors: [],
  handle: ({ db }, { caller }) => pushRulesOf({ db }, caller),
});

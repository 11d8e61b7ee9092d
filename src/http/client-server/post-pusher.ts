/** POST /pushers/set: takes away what is not there, and sets up nothing: nobody shall wait for what is never pushed. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';
import { Nothing } from './answers.ts';

export const postPusher = endpoint({
  method: 'POST',
  path: '/_matrix/client/v3/pushers/set',
  auth: 'user',
  body: Type.Object({
    kind: Type.Union([Type.String(), Type.Null()]),
    app_id: Type.String(),
    pushkey: Type.String(),
  }),
  summary: 'Takes a pusher away; setting one up is refused, because nothing is pushed from here.',
  errors: ['M_INVALID_PARAM'],
  answer: Nothing,
  handle(_parts, { body: { kind } }) {
    if (kind !== null) throw new MatrixError('M_INVALID_PARAM', 'This server does not push.');
    return {};
  },
});

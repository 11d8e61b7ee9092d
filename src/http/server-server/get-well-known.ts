/** Where other servers find this one. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';

export const getWellKnown = endpoint({
  summary: 'Tells where other servers find this one.',
  method: 'GET',
  path: '/.well-known/matrix/server',
  auth: 'none',
  answer: Type.Object({ 'm.server': Type.String() }),
  errors: ['M_NOT_FOUND'],
  handle({ delegate }) {
    if (delegate === null) throw new MatrixError('M_NOT_FOUND', 'This server is found by its name.');
    return { 'm.server': delegate };
  },
});

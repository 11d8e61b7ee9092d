/** Whom to turn to with questions about this server. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import { endpoint } from '../endpoint.ts';

const Contact = Type.Object({
  role: Type.String(),
  email_address: Type.Optional(Type.String()),
  matrix_id: Type.Optional(Type.String()),
});

export const getWellknownSupport = endpoint({
  summary: 'Tells whom to turn to with questions about this server.',
  method: 'GET',
  path: '/.well-known/matrix/support',
  auth: 'none',
  answer: Type.Object({ contacts: Type.Optional(Type.Array(Contact)), support_page: Type.Optional(Type.String()) }),
  errors: ['M_NOT_FOUND'],
  handle({ support: { contact, page } }) {
    if (contact === null && page === null) throw new MatrixError('M_NOT_FOUND', 'This server names no contact.');
    const field = contact?.startsWith('@') === true ? 'matrix_id' : 'email_address';
    return {
      ...(contact !== null && { contacts: [{ role: 'm.role.admin', [field]: contact }] }),
      ...(page !== null && { support_page: page }),
    };
  },
});

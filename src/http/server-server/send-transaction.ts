/** PUT /send: events and other news of another server. */
import { Type } from 'typebox';
import { MatrixError } from '../../matrix/errors.ts';
import type { JsonValue } from '../../matrix/json.ts';
import { endpoint } from '../endpoint.ts';

const MAX_PDUS = 50;
const MAX_EDUS = 100;

export const sendTransaction = endpoint({
  summary: 'Takes events of rooms that users of this server are in; what is no event is passed over.',
  method: 'PUT',
  path: '/_matrix/federation/v1/send/:txnId',
  auth: 'server',
  body: Type.Object({
    origin: Type.String(),
    origin_server_ts: Type.Integer(),
    pdus: Type.Optional(Type.Array(Type.Unsafe<JsonValue>({}))),
    edus: Type.Optional(Type.Array(Type.Unknown())),
  }),
  // One event that is no JSON Matrix knows leaves the others as they are.
  sparesElements: true,
  answer: Type.Object({
    pdus: Type.Record(Type.String(), Type.Object({ error: Type.Optional(Type.String()) })),
  }),
  errors: ['M_INVALID_PARAM', ['M_LIMIT_EXCEEDED', 403]],
  async handle({ federation: { transactions } }, { params: { txnId }, body, caller: { server } }) {
    const { origin, pdus = [], edus = [] } = body;
    if (origin !== server) throw new MatrixError('M_INVALID_PARAM', 'origin is not the server that signed this.');
    if (pdus.length > MAX_PDUS) throw new MatrixError('M_INVALID_PARAM', `There are more than ${MAX_PDUS} pdus.`);
    if (edus.length > MAX_EDUS) throw new MatrixError('M_INVALID_PARAM', `There are more than ${MAX_EDUS} edus.`);
    return transactions.take({ origin: server, txnId, pdus });
  },
});

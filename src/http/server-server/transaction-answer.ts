/** Events in the wrapping of a transaction, as several endpoints answer them. */
import { Type } from 'typebox';
import type { PduFields } from '../../matrix/pdu.ts';
import type { HttpParts } from '../parts.ts';

export const TransactionAnswer = Type.Object({
  origin: Type.String(),
  origin_server_ts: Type.Integer(),
  pdus: Type.Array(Type.Object({})),
});

export function transactionOf({ identity, now }: Pick<HttpParts, 'identity' | 'now'>, pdus: readonly PduFields[]) {
  return { origin: identity.serverName, origin_server_ts: now(), pdus };
}

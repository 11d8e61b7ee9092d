/** GET /backfill: events of a room, and those before them. */
import { MatrixError } from '../../matrix/errors.ts';
import { parseEventId } from '../../matrix/identifiers.ts';
import { walkBack } from '../../log/graph-walks.ts';
import { endpoint } from '../endpoint.ts';
import { roomWithServer } from './server-room.ts';
import { readForServer } from './server-sight.ts';
import { TransactionAnswer, transactionOf } from './transaction-answer.ts';

const MAX_EVENTS = 100;
const MAX_FROM = 100;

export const backfillRoom = endpoint({
  summary: 'Tells events of a room and those before them, 100 at most, to a server in the room.',
  method: 'GET',
  path: '/_matrix/federation/v1/backfill/:roomId',
  auth: 'server',
  query: { v: 'many', limit: 'integer' },
  answer: TransactionAnswer,
  errors: ['M_FORBIDDEN', 'M_NOT_FOUND', 'M_MISSING_PARAM'],
  async handle(parts, { params, query: { v, limit }, caller: { server } }) {
    const { db } = parts;
    if (v.length === 0 || limit === undefined) throw new MatrixError('M_MISSING_PARAM', 'v and limit are needed.');
    const from = v.slice(0, MAX_FROM).flatMap((id) => parseEventId(id) ?? []);
    const room = await roomWithServer(db, params.roomId, server);
    const walk = { from, until: [], withFrom: true, minDepth: 0, limit: Math.min(limit, MAX_EVENTS) };
    const positions = await walkBack(db, room.roomId, walk);
    if (positions.length === 0 && limit > 0) throw new MatrixError('M_NOT_FOUND', 'None of these events is known.');
    const told = await readForServer(db, room, server, positions, true);
    return transactionOf(
      parts,
      told.map(({ pdu }) => pdu),
    );
  },
});

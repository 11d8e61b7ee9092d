/** GET /event: one event. */
import { aclLetsIn } from '../../commands/receive/receive-room.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { roomVersion } from '../../matrix/room-versions.ts';
import type { RoomId } from '../../matrix/identifiers.ts';
import { roomOfServer } from '../../projections/room-servers.ts';
import { endpoint } from '../endpoint.ts';
import { toldEvent } from './event-state.ts';
import { readForServer } from './server-sight.ts';
import { TransactionAnswer, transactionOf } from './transaction-answer.ts';

export const getEvent = endpoint({
  summary:
    'Tells an event to a server that is in its room, or was in the state before it; in redacted form if it may not read it.',
  method: 'GET',
  path: '/_matrix/federation/v1/event/:eventId',
  auth: 'server',
  answer: TransactionAnswer,
  errors: ['M_NOT_FOUND', 'M_FORBIDDEN'],
  async handle(parts, { params: { eventId }, caller: { server } }) {
    const { db } = parts;
    const { position, roomId } = await toldEvent(db, eventId);
    const room = await roomOfServer(db, roomId as RoomId, server);
    // What was there after the last of our users left is not known here, and so neither is who may read on.
    const version = room?.resident === true ? roomVersion(room.version) : null;
    if (room === null || version === null) throw notFound();
    if (room.acl !== null && !(await aclLetsIn(db, roomId as RoomId, room.acl, server)))
      throw new MatrixError('M_FORBIDDEN', 'The room does not let this server in.');
    const [told] = await readForServer(db, { ...room, version }, server, [position], room.present);
    // Who is outside is not told whether there is such an event.
    if (told === undefined || !(room.present || told.entitled)) throw notFound();
    return transactionOf(parts, [told.pdu]);
  },
});

function notFound(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'There is no such event.');
}

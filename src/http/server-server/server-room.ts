/** The room that a server asks about, and that it has to be in. */
import { aclLetsIn } from '../../commands/receive/receive-room.ts';
import type { Db } from '../../database/database.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomId, type RoomId, type ServerName } from '../../matrix/identifiers.ts';
import { roomVersion, type RoomVersion } from '../../matrix/room-versions.ts';
import { roomOfServer } from '../../projections/room-servers.ts';

export interface ServerRoom {
  readonly roomId: RoomId;
  readonly version: RoomVersion;
}

/**
 * A room that users of both servers are in, and whose access control list lets the other one take part. Throws
 * M_INVALID_PARAM for what is no room id, M_FORBIDDEN for any other room: nobody outside is told whether there is one.
 */
export async function roomWithServer(db: Db, text: string, server: ServerName): Promise<ServerRoom> {
  const roomId = parseRoomId(text);
  if (roomId === null) throw new MatrixError('M_INVALID_PARAM', 'This is not a room id.');
  const room = await roomOfServer(db, roomId, server);
  const version = room?.resident === true && room.present ? roomVersion(room.version) : null;
  if (room === null || version === null) throw new MatrixError('M_FORBIDDEN', 'This server is not in the room.');
  if (room.acl !== null && !(await aclLetsIn(db, roomId, room.acl, server)))
    throw new MatrixError('M_FORBIDDEN', 'The room does not let this server in.');
  return { roomId, version };
}

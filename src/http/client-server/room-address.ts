/** The room that a join or a knock means: an id or an alias, and the servers that may know it. */
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomAlias, parseRoomId, serverOf, type RoomId, type ServerName } from '../../matrix/identifiers.ts';
import { serverCandidates, type NamedServers } from './server-candidates.ts';

export interface RoomAddress {
  readonly roomId: RoomId;
  /** Other servers, in the order in which to ask them. */
  readonly via: readonly ServerName[];
}

/**
 * Throws M_INVALID_PARAM for neither an id nor an alias. This server gives out no aliases, so one of its own is
 * M_NOT_FOUND; another server's would have to be looked up there, which is M_UNKNOWN (502).
 */
export function roomAddress(idOrAlias: string, named: NamedServers, self: ServerName): RoomAddress {
  const roomId = parseRoomId(idOrAlias);
  if (roomId !== null) return { roomId, via: serverCandidates(named, roomId, self) };
  const alias = parseRoomAlias(idOrAlias);
  if (alias === null) throw new MatrixError('M_INVALID_PARAM', 'The path names neither a room id nor an alias.');
  if (serverOf(alias) === self) throw new MatrixError('M_NOT_FOUND', 'There is no such alias.');
  throw new MatrixError('M_UNKNOWN', 'The server of the alias could not be reached.', { status: 502 });
}

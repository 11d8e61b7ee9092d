/** The room that a request means: an id or an alias, and the servers that may know it. */
import { aliasNamed } from '../../directory/aliases.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomAlias, parseRoomId, serverOf, type RoomId, type ServerName } from '../../matrix/identifiers.ts';
import type { HttpParts } from '../parts.ts';
import { serverCandidates, type NamedServers } from './server-candidates.ts';

export interface RoomAddress {
  readonly roomId: RoomId;
  /** Other servers, in the order in which to ask them. */
  readonly via: readonly ServerName[];
}

type AddressParts = Pick<HttpParts, 'db' | 'identity'>;

/** Throws M_INVALID_PARAM for neither an id nor an alias, and as roomOfAlias(). */
export async function roomAddress(parts: AddressParts, idOrAlias: string, named: NamedServers): Promise<RoomAddress> {
  const roomId = parseRoomId(idOrAlias) ?? (await roomOfAlias(parts, idOrAlias));
  return { roomId, via: serverCandidates(named, roomId, parts.identity.serverName) };
}

/**
 * Where an alias leads. Throws M_INVALID_PARAM for what is no alias, M_NOT_FOUND for one of this server's that does not
 * exist; another server's would have to be looked up there, which is M_UNKNOWN (502).
 */
export async function roomOfAlias({ db, identity }: AddressParts, text: string): Promise<RoomId> {
  const alias = parseRoomAlias(text);
  if (alias === null) throw new MatrixError('M_INVALID_PARAM', 'The path does not name a room by an alias.');
  if (serverOf(alias) !== identity.serverName) {
    throw new MatrixError('M_UNKNOWN', 'The server of the alias could not be reached.', { status: 502 });
  }
  const found = await aliasNamed(db, alias);
  if (found === null) throw new MatrixError('M_NOT_FOUND', 'There is no such alias.');
  return found.roomId;
}

/** The room that a request means: an id or an alias, and the servers that may know it. */
import { unusable } from '../../commands/elsewhere/remote-refusal.ts';
import { aliasNamed } from '../../directory/aliases.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { parseRoomAlias, parseRoomId, serverOf, type RoomId, type ServerName } from '../../matrix/identifiers.ts';
import type { HttpParts } from '../parts.ts';
import { askElsewhere } from './ask-elsewhere.ts';
import { serverCandidates, type NamedServers } from './server-candidates.ts';

export interface RoomAddress {
  readonly roomId: RoomId;
  /** Other servers, in the order in which to ask them. */
  readonly via: readonly ServerName[];
}

type AddressParts = Pick<HttpParts, 'db' | 'identity' | 'federation'>;

/** Throws M_INVALID_PARAM for neither an id nor an alias, and as targetOfAlias(). */
export async function roomAddress(
  parts: AddressParts,
  idOrAlias: string,
  named: NamedServers,
  signal: AbortSignal,
): Promise<RoomAddress> {
  const { serverName } = parts.identity;
  const roomId = parseRoomId(idOrAlias);
  if (roomId !== null) return { roomId, via: serverCandidates(named, [], roomId, serverName) };
  // What the caller names is looked at first: a mistake in it is no reason to ask anybody.
  serverCandidates(named, [], null, serverName);
  const target = await targetOfAlias(parts, idOrAlias, signal);
  return { roomId: target.roomId, via: serverCandidates(named, target.servers, target.roomId, serverName) };
}

export interface AliasTarget {
  readonly roomId: RoomId;
  /** That its server names; none for an alias of this one. */
  readonly servers: readonly ServerName[];
}

/**
 * Where an alias leads, by its own server. Throws M_INVALID_PARAM for what is no alias, M_NOT_FOUND for one that does not
 * exist, M_UNKNOWN (502) when its server cannot be asked, M_LIMIT_EXCEEDED when too many wait to be.
 */
export async function targetOfAlias(
  { db, identity, federation: { calls } }: AddressParts,
  text: string,
  signal: AbortSignal,
): Promise<AliasTarget> {
  const alias = parseRoomAlias(text);
  if (alias === null) throw new MatrixError('M_INVALID_PARAM', 'The path does not name a room by an alias.');
  const server = serverOf(alias);
  if (server === identity.serverName) {
    const found = await aliasNamed(db, alias);
    if (found === null) throw noAlias();
    return { roomId: found.roomId, servers: [] };
  }
  const answer = await askElsewhere(() => calls.queryDirectory(server, alias, signal));
  if (answer.ok) return answer.value;
  const { failure } = answer;
  if (failure.kind === 'refused' && failure.status === 404) throw noAlias();
  throw unusable('The server of the alias could not be asked.');
}

function noAlias(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'There is no such alias.');
}

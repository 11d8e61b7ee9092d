/** Which other servers may know a room that this one does not. */
import { MatrixError } from '../../matrix/errors.ts';
import { domainOfRoomId, parseServerName, type RoomId, type ServerName } from '../../matrix/identifiers.ts';

const MAX_CANDIDATES = 10;

export interface NamedServers {
  readonly via: readonly string[];
  /** The name of `via` before MSC4156; unheard when there is a `via`. */
  readonly server_name: readonly string[];
}

/**
 * The servers to ask: those the caller names, those that an alias led to, then the one in the room id's domain, ourselves
 * left out, at most ten. Throws M_INVALID_PARAM for what is no server name.
 */
export function serverCandidates(
  named: NamedServers,
  told: readonly ServerName[],
  roomId: RoomId | null,
  self: ServerName,
): readonly ServerName[] {
  const given = named.via.length > 0 ? named.via : named.server_name;
  const parsed = given.map((text) => {
    const server = parseServerName(text);
    if (server === null) throw new MatrixError('M_INVALID_PARAM', 'via must name servers.');
    return server;
  });
  const domain = roomId === null ? null : domainOfRoomId(roomId);
  const all = new Set([...parsed, ...told, ...(domain === null ? [] : [domain])]);
  all.delete(self);
  return [...all].slice(0, MAX_CANDIDATES);
}

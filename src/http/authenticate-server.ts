/** The X-Matrix signature of a request, to the server that sent it (server-server API, Request Authentication). */
import type { KeyObject } from 'node:crypto';
import type { RemoteKeys } from '../federation/remote-keys.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import { countsForRequest } from '../matrix/server-keys.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import { isSignedBy, readAuthorization, type Authorization, type ReceivedRequest } from '../matrix/signed-request.ts';
import type { ServerCaller } from './endpoint.ts';

export interface AuthenticateServerDeps {
  readonly identity: ServerIdentity;
  readonly now: () => number;
  readonly federation: { readonly keys: RemoteKeys };
}

/** A body is as large as it may be: whoever sends many signatures has each of them looked at for nothing. */
const MAX_HEADERS = 4;

/**
 * The server that signed the request, by its Authorization headers, one of which has to hold. Asks a server for its keys
 * where the key is not known or counts no more. Throws M_UNAUTHORIZED whatever is wrong.
 */
export async function authenticateServer(
  { identity: { serverName }, now, federation: { keys } }: AuthenticateServerDeps,
  request: ReceivedRequest,
  headers: readonly string[],
): Promise<ServerCaller> {
  const authorizations = headers.map(readAuthorization);
  const [first] = authorizations;
  if (first === undefined || first === null || headers.length > MAX_HEADERS) throw unauthorized();
  const { origin } = first;
  if (origin === serverName) throw unauthorized('A request of this server to itself is not believed.');
  for (const authorization of authorizations) {
    if (authorization?.origin !== origin) throw unauthorized('The request says that it is of several servers.');
    if (authorization.destination !== null && authorization.destination !== serverName)
      throw unauthorized('The request is for another server.');
  }
  for (const authorization of authorizations as readonly Authorization[]) {
    const key = await currentKey(keys, origin, authorization.keyId, now);
    if (key !== null && isSignedBy(request, authorization, serverName, key)) return { server: origin };
  }
  throw unauthorized();
}

async function currentKey(
  keys: RemoteKeys,
  server: ServerName,
  keyId: string,
  now: () => number,
): Promise<KeyObject | null> {
  const known = (await keys.known([server])).get(server)?.get(keyId);
  const key =
    known !== undefined && countsForRequest(known, now()) ? known : (await keys.refreshed(server))?.get(keyId);
  return key !== undefined && countsForRequest(key, now()) ? key.publicKey : null;
}

function unauthorized(why?: string): MatrixError {
  return new MatrixError('M_UNAUTHORIZED', why);
}

/** Another server that asks a started one, as another one would: every request is signed over what goes on the wire. */
import { canonicalJson } from '../../src/matrix/canonical-json.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import type { ServerName } from '../../src/matrix/identifiers.ts';
import type { ServerIdentity } from '../../src/matrix/signatures.ts';
import { authorizationOf } from '../../src/matrix/signed-request.ts';
import { parseServerName } from '../../src/matrix/identifiers.ts';
import { rawRequest, type RawAnswer } from './raw.ts';
import { SERVER_NAME } from './story.ts';

const US = parseServerName(SERVER_NAME)!;

export interface Asks {
  /** Below /_matrix/federation unless it begins with /_. */
  (method: 'GET' | 'POST' | 'PUT', path: string, content?: JsonObject): Promise<RawAnswer>;
}

/** How this server asks the one on the port. */
export function asking(port: number, identity: ServerIdentity, destination: ServerName = US): Asks {
  return (method, path, content) => {
    const target = path.startsWith('/_') ? path : `/_matrix/federation${path}`;
    const authorization = authorizationOf({ method, uri: target, destination, content }, identity);
    const body = content === undefined ? undefined : canonicalJson(content);
    return rawRequest(port, { method, path: target, headers: { authorization }, body, timeoutMs: 60_000 });
  };
}

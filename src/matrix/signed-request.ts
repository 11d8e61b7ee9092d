// The Authorization header of a request between servers (server-server API, Request Authentication).
import type { ServerName } from './identifiers.ts';
import type { JsonObject } from './json.ts';
import { stringIn } from './pdu.ts';
import { signaturesBy, signJson, type ServerIdentity } from './signatures.ts';

export interface RequestToSign {
  readonly method: string;
  /** Path and query exactly as they are sent. */
  readonly uri: string;
  readonly destination: ServerName;
  /** The body; absent when there is none. */
  readonly content?: JsonObject | undefined;
}

/** `X-Matrix …` with our signature over method, raw target, both servers and, where there is one, the body. */
export function authorizationOf(
  { method, uri, destination, content }: RequestToSign,
  { serverName: origin, key }: ServerIdentity,
): string {
  const object = { method, uri, origin, destination, ...(content === undefined ? {} : { content }) };
  const signature = stringIn(signaturesBy(signJson(object, origin, key), origin), key.keyId) ?? '';
  return `X-Matrix origin="${origin}",destination="${destination}",key="${key.keyId}",sig="${signature}"`;
}

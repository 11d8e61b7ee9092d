// The Authorization header of a request between servers (server-server API, Request Authentication).
import type { KeyObject } from 'node:crypto';
import { canonicalJson } from './canonical-json.ts';
import { parseServerName, type ServerName } from './identifiers.ts';
import type { JsonObject } from './json.ts';
import { signText, verifyText, type ServerIdentity } from './signatures.ts';

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
  const text = content === undefined ? undefined : canonicalJson(content);
  const signature = signText(signedText({ method, uri, origin, destination, content: text }), key);
  return `X-Matrix origin="${origin}",destination="${destination}",key="${key.keyId}",sig="${signature}"`;
}

/** A request as it came: what the signatures of its headers are held against. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query exactly as they came. */
  readonly uri: string;
  /** The body as canonical JSON; absent when there is none. */
  readonly content?: string | undefined;
}

/** What an X-Matrix header says. */
export interface Authorization {
  readonly origin: ServerName;
  /** Null: it names none. */
  readonly destination: string | null;
  readonly keyId: string;
  /** Base64. */
  readonly signature: string;
}

/** Names of parameters are tokens of HTTP; values are quoted, or hold colons, slashes and all else that ends no value. */
const PARAMETER =
  /[ \t]*(?:([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?[ \t]*(?:,|$)/y;

/** Reads an Authorization header; null when it is no X-Matrix, or lacks what it needs. */
export function readAuthorization(header: string): Authorization | null {
  const text = /^X-Matrix[ \t]+(.*)$/i.exec(header)?.[1];
  const parameters = text === undefined ? null : readParameters(text);
  if (parameters === null) return null;
  const origin = parseServerName(parameters.get('origin') ?? '');
  const keyId = parameters.get('key') ?? '';
  const signature = parameters.get('sig') ?? '';
  if (origin === null || keyId === '' || signature === '') return null;
  return { origin, destination: parameters.get('destination') ?? null, keyId, signature };
}

function readParameters(text: string): ReadonlyMap<string, string> | null {
  const parameters = new Map<string, string>();
  for (PARAMETER.lastIndex = 0; PARAMETER.lastIndex < text.length;) {
    const found = PARAMETER.exec(text);
    if (found === null) return null;
    const [, name, quoted, plain = ''] = found;
    if (name === undefined) continue;
    // Said twice, it would say nothing for certain.
    if (parameters.has(name.toLowerCase())) return null;
    parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain);
  }
  return parameters;
}

/** Whether the header's server signed the request, to us, with this key. */
export function isSignedBy(
  { method, uri, content }: ReceivedRequest,
  { origin, signature }: Authorization,
  destination: ServerName,
  publicKey: KeyObject,
): boolean {
  return verifyText(signedText({ method, uri, origin, destination, content }), signature, publicKey);
}

/** Canonical JSON of what is signed; the body is that already. */
function signedText({
  content,
  ...rest
}: ReceivedRequest & { readonly origin: ServerName; readonly destination: ServerName }): string {
  const { method, uri, origin, destination } = rest;
  const text = canonicalJson({ method, uri, origin, destination });
  // "content" comes before all other keys.
  return content === undefined ? text : `{"content":${content},${text.slice(1)}`;
}

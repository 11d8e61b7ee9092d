/** GET /.well-known/matrix/server of a host: to which server it delegates (server-server API, Resolving server names, step 3). */
import { parseJson, isJsonObject } from '../matrix/json.ts';
import { MatrixError } from '../matrix/errors.ts';
import { parseServerName, type ServerName } from '../matrix/identifiers.ts';
import { stringIn } from '../matrix/pdu.ts';
import type { Dialer } from './dial.ts';
import { readBody, type Headers } from './read-body.ts';

export type WellKnownAnswer =
  /** `lifetimeMs` is what the answer says of how long it stands; null: nothing. */
  | { readonly is: 'delegated'; readonly to: ServerName; readonly lifetimeMs: number | null }
  /** It was answered, but with no delegation. */
  | { readonly is: 'none' }
  /** There was no answer. */
  | { readonly is: 'failed' };

export interface WellKnownDeps {
  readonly dialer: Dialer;
  /** Of the host asked first; redirects say theirs. 443, but for tests, which cannot listen there. */
  readonly port: number;
  /** Milliseconds. */
  readonly now: () => number;
}

const PATH = '/.well-known/matrix/server';
const MAX_REDIRECTS = 10;
const MAX_BYTES = 51_200;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

/** Never rejects for what the host does. Once `signal` aborts it has failed. */
export async function fetchWellKnown(deps: WellKnownDeps, host: string, signal: AbortSignal): Promise<WellKnownAnswer> {
  const seen = new Set<string>();
  let url: URL | null = new URL(`https://${host}:${deps.port}${PATH}`);
  try {
    while (url !== null && seen.size <= MAX_REDIRECTS && !seen.has(url.href)) {
      seen.add(url.href);
      const hop: Hop = await askOnce(deps, url, signal);
      if (hop.is !== 'moved') return hop;
      url = hop.to;
    }
    return { is: 'none' };
  } catch (error) {
    // What has no code is no error of the network, but ours.
    if (!signal.aborted && !(error instanceof Error && 'code' in error)) throw error;
    return { is: 'failed' };
  }
}

type Hop = WellKnownAnswer | { readonly is: 'moved'; readonly to: URL | null };

async function askOnce({ dialer, now }: WellKnownDeps, url: URL, signal: AbortSignal): Promise<Hop> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? 443 : Number(url.port);
  const connections = await dialer.dial({ host, port, certificateName: host }, 1);
  // Which ends a connection that is only being made, too.
  const cut = (): void => void connections.destroy();
  signal.addEventListener('abort', cut, { once: true });
  try {
    const { statusCode, headers, body } = await connections.request({
      method: 'GET',
      path: `${url.pathname}${url.search}`,
      headers: { host: url.host, accept: 'application/json' },
      signal,
    });
    // Whoever drops a body has to hear of its end.
    body.on('error', () => undefined);
    if (REDIRECTS.includes(statusCode)) return { is: 'moved', to: locationIn(headers, url) };
    if (statusCode >= 500 || statusCode === 429) return { is: 'failed' };
    const bytes = statusCode === 200 ? await readBody(body, headers, MAX_BYTES) : null;
    const to = bytes === null ? null : delegateIn(bytes);
    return to === null ? { is: 'none' } : { is: 'delegated', to, lifetimeMs: lifetimeIn(headers, now()) };
  } finally {
    signal.removeEventListener('abort', cut);
    await connections.destroy();
  }
}

/** Where it says that it has moved to; null where requests do not follow. */
function locationIn(headers: Headers, from: URL): URL | null {
  const location = textIn(headers, 'location');
  const to = location === null ? null : URL.parse(location, from.href);
  if (to === null || to.protocol !== 'https:') return null;
  to.hash = '';
  return to;
}

function delegateIn(bytes: Buffer): ServerName | null {
  try {
    const value = parseJson(bytes, { numbers: 'any' });
    return isJsonObject(value) ? parseServerName(stringIn(value, 'm.server') ?? '') : null;
  } catch (error) {
    if (error instanceof MatrixError) return null;
    throw error;
  }
}

/** What Cache-Control says, or else Expires, in milliseconds from now. */
function lifetimeIn(headers: Headers, at: number): number | null {
  const control = textIn(headers, 'cache-control')?.toLowerCase() ?? '';
  if (/(?:^|[\s,])no-(?:store|cache)(?:$|[\s,=])/.test(control)) return 0;
  const age = /(?:^|[\s,])max-age\s*=\s*"?(\d{1,10})/.exec(control);
  if (age !== null) return Number(age[1]) * 1_000;
  const expires = textIn(headers, 'expires');
  if (expires === null) return null;
  const until = Date.parse(expires);
  // What is no date has expired already (RFC 9111).
  return Number.isNaN(until) ? 0 : Math.max(0, until - at);
}

function textIn(headers: Headers, name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value.join(', ') : value) ?? null;
}

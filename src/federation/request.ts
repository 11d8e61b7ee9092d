/** A signed request to another server: its limits of time and size, and what can become of it. */
import { setImmediate } from 'node:timers/promises';
import { canonicalJson } from '../matrix/canonical-json.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import { parseInPieces } from '../matrix/json-pieces.ts';
import { isJsonObject, parseJson, type JsonObject, type JsonValue } from '../matrix/json.ts';
import { stringIn } from '../matrix/pdu.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import { authorizationOf } from '../matrix/signed-request.ts';
import { fails, gives, malformed, type Answer, type RemoteFailure, type RemoteRefusal } from './answer.ts';
import type { Destinations } from './destinations.ts';
import { FORBIDDEN_ADDRESS } from './networks.ts';
import { readBody } from './read-body.ts';
import type { ResolveServer } from './resolve.ts';
import { createTurns } from './turns.ts';

export interface RemoteRequest {
  readonly server: ServerName;
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Path and query, percent-encoded: signed and sent as they are. */
  readonly target: string;
  readonly content?: JsonObject;
  /** False for what is asked without saying who asks. Default true. */
  readonly signed?: boolean;
  /** Connecting and the whole answer, in milliseconds. Default 60,000. */
  readonly totalMs?: number;
  /** Of the answer's body. Default 10 MiB. */
  readonly maxBytes?: number;
  /** Aborts when nobody wants the answer any more. */
  readonly signal?: AbortSignal;
}

/** Never rejects for what another server does or is. */
export type SendRequest = (request: RemoteRequest) => Promise<Answer<JsonObject>>;

export interface RequestDeps {
  readonly identity: ServerIdentity;
  readonly resolve: ResolveServer;
  readonly destinations: Destinations;
  /** Aborts when this server ends. */
  readonly shutdown: AbortSignal;
}

/** Of all requests together: each has a connection, or waits for one. */
const AT_ONCE = 1_000;
const TOTAL_MS = 60_000;
const MAX_BYTES = 10 * 1_048_576;
const MAX_REFUSAL_BYTES = 65_536;
const MAX_ERROR_LENGTH = 1_000;
const STRIDE_BYTES = 65_536;

/**
 * Makes the function that asks other servers, and answers with the JSON object of a 200. Redirects are not followed.
 * Elements of long lists that are no JSON Matrix knows come as null (see `parseInPieces`).
 */
export function createSendRequest(deps: RequestDeps): SendRequest {
  const turns = createTurns(AT_ONCE);
  const open = new Set<AbortController>();
  // Listened to once, for all requests: each would leave its listener behind.
  deps.shutdown.addEventListener('abort', () => open.forEach((one) => one.abort(STOPPED)), { once: true });
  return async (request) => {
    if (deps.shutdown.aborted || request.signal?.aborted === true) return fails(STOPPED);
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(TIMEOUT), request.totalMs ?? TOTAL_MS);
    const stop = (): void => ending.abort(STOPPED);
    request.signal?.addEventListener('abort', stop, { once: true });
    open.add(ending);
    try {
      // A connection that is only being made is not ended by the signal, and keeps its turn.
      const { signal } = ending;
      return await unlessAborted(
        turns.run(() => ask(deps, request, signal), signal),
        signal,
      );
    } catch (error) {
      return fails(failureOf(error, ending.signal));
    } finally {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', stop);
      open.delete(ending);
    }
  };
}

const TIMEOUT: RemoteFailure = { kind: 'timeout' };
const STOPPED: RemoteFailure = { kind: 'stopped' };
const TOO_LARGE: RemoteFailure = { kind: 'too_large' };

async function ask(
  { identity, resolve, destinations }: RequestDeps,
  request: RemoteRequest,
  signal: AbortSignal,
): Promise<Answer<JsonObject>> {
  const { server, method, target, content, signed = true, maxBytes = MAX_BYTES } = request;
  const found = await unlessAborted(resolve(server), signal);
  if (found.length === 0) return fails({ kind: 'unreachable', code: 'UNRESOLVED' });
  const body = content === undefined ? {} : { body: canonicalJson(content) };
  const headers = {
    accept: 'application/json',
    ...(content === undefined ? {} : { 'content-type': 'application/json' }),
    ...(signed
      ? { authorization: authorizationOf({ method, uri: target, destination: server, content }, identity) }
      : {}),
  };
  const { status, bytes } = await destinations.reach(found, async ({ connections, hostHeader: host }) => {
    const asked = { method, path: target, headers: { host, ...headers }, ...body, signal };
    const { statusCode, headers: said, body: answer } = await connections.request(asked);
    const read = await readBody(answer, said, statusCode === 200 ? maxBytes : MAX_REFUSAL_BYTES);
    return { status: statusCode, bytes: read };
  });
  if (status !== 200) return fails(refusalOf(status, bytes));
  return bytes === null ? fails(TOO_LARGE) : parse(bytes, signal);
}

/** What others may wait for as well is not ended, but no longer waited for. */
async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([result, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

/** Reads long answers a stride at a time, and lets others work in between. */
async function parse(bytes: Buffer, signal: AbortSignal): Promise<Answer<JsonObject>> {
  try {
    const pieces = parseInPieces(bytes);
    let rested = 0;
    for (;;) {
      const step = pieces.next();
      if (step.done === true) return gives(step.value);
      if (step.value - rested < STRIDE_BYTES) continue;
      rested = step.value;
      await setImmediate();
      if (signal.aborted) return fails(signal.reason as RemoteFailure);
    }
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    return error.errcode === 'M_TOO_LARGE' ? fails(TOO_LARGE) : malformed(error.message);
  }
}

function refusalOf(status: number, bytes: Buffer | null): RemoteRefusal {
  const said = bytes === null ? null : parseRefusal(bytes);
  const errcode = said === null ? null : stringIn(said, 'errcode');
  return {
    kind: 'refused',
    status,
    errcode: errcode !== null && /^[A-Za-z0-9_.]{1,255}$/.test(errcode) ? errcode : null,
    error: boundedText(said, 'error', MAX_ERROR_LENGTH),
    roomVersion: boundedText(said, 'room_version', 32),
    ...(isWait(said?.['retry_after_ms']) ? { retryAfterMs: said['retry_after_ms'] } : {}),
  };
}

function parseRefusal(bytes: Buffer): JsonObject | null {
  try {
    const value = parseJson(bytes, { numbers: 'any' });
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isWait(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}

function boundedText(object: JsonObject | null, key: string, length: number): string | null {
  const text = object === null ? null : stringIn(object, key);
  return text === null ? null : text.slice(0, length).toWellFormed();
}

function failureOf(error: unknown, signal: AbortSignal): RemoteFailure {
  if (signal.aborted) return signal.reason as RemoteFailure;
  if (!(error instanceof Error)) throw error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === FORBIDDEN_ADDRESS) return { kind: 'forbidden_address' };
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return TOO_LARGE;
  if (error.name === 'HTTPParserError' || code.startsWith('UND_ERR_RES_'))
    return { kind: 'malformed', what: 'It is no HTTP.' };
  // What has no code is no error of the network, but ours.
  if (code === '') throw error;
  return { kind: 'unreachable', code };
}

/** One way to answer errors: whatever goes wrong, a body with errcode and error, readable from any origin. */
import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import { databaseAway } from '../commands/lanes/connection-loss.ts';
import { MatrixError } from '../matrix/errors.ts';

/** Sent with every answer, errors too (client-server API, Web Browser Clients). */
export const CORS_HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, PUT, DELETE, OPTIONS',
  'access-control-allow-headers': 'X-Requested-With, Content-Type, Authorization',
} as const;

interface ErrorBody {
  readonly errcode: string;
  readonly error: string;
}

/** The body for an unknown path (404) and for a wrong method (405). */
export function unrecognized(): ErrorBody {
  return bodyOf(new MatrixError('M_UNRECOGNIZED'));
}

function bodyOf({ errcode, message, extra }: MatrixError): ErrorBody {
  return { errcode, error: message, ...extra };
}

export function answerError(
  log: FastifyBaseLogger,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const known = asMatrixError(error);
  if (known.status >= 500 && known !== error) {
    log.error({ err: error, method: request.method, route: request.routeOptions.url }, 'request failed');
  }
  const wait = known.extra['retry_after_ms'];
  if (typeof wait === 'number') reply.header('retry-after', String(Math.max(1, Math.ceil(wait / 1000))));
  // Again here: a path that cannot be decoded is refused before any hook ran.
  return reply.headers(CORS_HEADERS).code(known.status).send(bodyOf(known));
}

/** What Fastify refuses by itself, in Matrix' words; anything unexpected without its internals. */
function asMatrixError(error: unknown): MatrixError {
  if (error instanceof MatrixError) return error;
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new MatrixError('M_TOO_LARGE');
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return new MatrixError('M_INVALID_PARAM', 'The path is malformed.');
  }
  const status = error instanceof Error && 'statusCode' in error ? error.statusCode : 500;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new MatrixError('M_UNKNOWN', 'The request is malformed.', { status });
  }
  return databaseAway(error) ?? new MatrixError('M_UNKNOWN', 'Something went wrong on our side.');
}

const REFUSED_BY_PARSER: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** Answers what is no HTTP, and ends the connection: where the next request would begin cannot be known. */
export function answerNoHttp(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = REFUSED_BY_PARSER[error.code ?? ''] ?? 400;
  const errcode = status === 413 || status === 431 ? 'M_TOO_LARGE' : 'M_UNKNOWN';
  const body = JSON.stringify(bodyOf(new MatrixError(errcode, 'The request is not HTTP that this server reads.')));
  const headers = Object.entries({
    ...CORS_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  if (socket.writable) socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.join('')}\r\n${body}`);
  socket.destroySoon();
}

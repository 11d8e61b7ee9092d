/** Who sends a request, and what it asks: clients are known by their tokens, servers by what they signed. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MatrixError } from '../matrix/errors.ts';
import type { JsonObject } from '../matrix/json.ts';
import { authenticateClient } from './authenticate-client.ts';
import { authenticateServer } from './authenticate-server.ts';
import { createBodyRoom } from './body-room.ts';
import type { Caller, Endpoint, ServerCaller } from './endpoint.ts';
import type { HttpParts } from './parts.ts';
import { bytesOf, ofShape, readBody, readParams, readQuery } from './read-request.ts';
import { readSignedBody } from './read-signed-body.ts';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | ServerCaller | null;
  }
}

export interface TakenRequest {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  readonly body: JsonObject | null;
  readonly caller: Caller | ServerCaller | null;
}

const SLOW_BODY_MS = 1_000;
/** Of all listeners together. */
const bodyRoom = createBodyRoom();

/** Before the body is read: who is asking, as far as that can be told, and then how often, or how much. */
export async function admit(
  parts: HttpParts,
  endpoint: Endpoint,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  if (endpoint.auth === 'server') await bodyRoom.keep(request, reply);
  request.caller = await clientOf(parts, endpoint, request);
  if (endpoint.limit !== null) parts.limits.consume(endpoint.limit, request.ip);
}

/** Once the body is there. `elapsedMs`: since the request began. Throws MatrixError for all that is wrong with it. */
export async function takeRequest(
  parts: HttpParts,
  endpoint: Endpoint,
  request: FastifyRequest,
  elapsedMs: number,
): Promise<TakenRequest> {
  if (endpoint.auth === 'server') return takeSigned(parts, endpoint, request);
  // The token may have ended, and the account with it, while the body trickled in.
  if (elapsedMs > SLOW_BODY_MS) request.caller = await clientOf(parts, endpoint, request);
  return {
    params: readParams(request),
    query: readQuery(endpoint.query, request),
    body: readBody(endpoint, request),
    caller: request.caller,
  };
}

async function clientOf(parts: HttpParts, { auth }: Endpoint, request: FastifyRequest): Promise<Caller | null> {
  if (auth === 'none' || auth === 'server') return null;
  const caller = await authenticateClient(parts, request.headers.authorization, request.ip, {
    optional: auth === 'optional',
  });
  if (auth === 'admin' && caller?.admin !== true) throw new MatrixError('M_FORBIDDEN', 'Only admins may do this.');
  return caller;
}

/** The body is signed as well, so it has to be JSON before anybody can be believed. */
async function takeSigned(parts: HttpParts, endpoint: Endpoint, request: FastifyRequest): Promise<TakenRequest> {
  const { body: shape, sparesElements } = endpoint;
  const signed = shape === null ? null : await readSignedBody(bytesOf(request) ?? Buffer.alloc(0), sparesElements);
  const { method, raw } = request;
  // As it came over the wire: an exclamation mark that was encoded was signed so.
  const received = { method, uri: raw.url ?? '', content: signed?.text };
  const caller = await authenticateServer(parts, received, raw.headersDistinct['authorization'] ?? []);
  parts.federation.heard(caller.server);
  return {
    params: readParams(request),
    query: readQuery(endpoint.query, request),
    body: signed === null ? null : ofShape(endpoint, signed.object),
    caller,
  };
}

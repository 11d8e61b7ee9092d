/** Subscriptions over server-sent events: GraphQL over SSE, a connection for each, which goes on by its Last-Event-ID. */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Actor } from '../../commands/act.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { isJsonObject, parseJson, type JsonValue } from '../../matrix/json.ts';
import type { GraphqlParts } from '../context.ts';
import { MAX_BODY_BYTES } from '../limits.ts';
import type { StreamResult, SubscriptionRequest } from './run-subscription.ts';
import { streamMetrics } from './subscriber.ts';
import { GONE, isTokenEnd, type Streams } from './streams.ts';
import { PATIENCE_MS } from './web-socket.ts';

const PING_EVERY_MS = 12_000;
const PING = ':\n\n';
const COMPLETE = 'event: complete\ndata:\n\n';

export interface EventStreamParts extends Pick<GraphqlParts, 'log'> {
  readonly streams: Streams;
  readonly identify: (header: string | undefined, ip: string) => Promise<Actor | null>;
  /** Answers a request that opens no stream. */
  readonly refuse: (error: unknown, reply: FastifyReply) => FastifyReply;
}

/** POST takes a request as /graphql does; GET takes `query`, `operationName` and `variables` in its query. */
export function mountEventStream(app: FastifyInstance, url: string, parts: EventStreamParts): void {
  app.route({
    method: ['GET', 'POST'],
    url,
    exposeHeadRoute: false,
    bodyLimit: MAX_BODY_BYTES,
    handler: (request, reply) => stream(parts, request, reply),
    errorHandler: (error, _request, reply) => void parts.refuse(error, reply),
  });
}

async function stream(
  { streams, identify, log }: EventStreamParts,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const asked = request.method === 'GET' ? ofQuery(request.query) : ofBody(request);
  let ended: unknown = GONE;
  const subscription = await streams.subscribe(
    () => identify(request.headers.authorization, request.ip),
    (why) => (ended = why),
  );
  const { leave } = subscription;
  const pings = setInterval(() => ping(reply.raw), PING_EVERY_MS);
  const gone = (): void => {
    clearInterval(pings);
    leave();
  };
  reply.raw.once('close', gone);
  if (reply.raw.destroyed) gone();
  const opened = await subscription.run(asked, lastEventId(request));
  if ('errors' in opened) {
    leave();
    return reply.code(statusOf(opened.errors[0]?.extensions)).send({ errors: opened.errors });
  }
  const why = (): unknown => {
    if (ended !== null && ended !== GONE && !isTokenEnd(ended)) log.warn({ err: ended }, 'a stream broke off');
    return ended;
  };
  const cut = (): void => {
    streamMetrics.slow.inc();
    leave();
    reply.raw.destroy();
  };
  const body = Readable.from(written(opened, why, cut), { objectMode: false, highWaterMark: 1 });
  return reply.type('text/event-stream; charset=utf-8').header('cache-control', 'no-store').send(body);
}

/** What is sent. `cut` is called when the reader does not take it. */
async function* written(
  results: AsyncGenerator<StreamResult, void>,
  why: () => unknown,
  cut: () => void,
): AsyncGenerator<string, void> {
  // At once, so that the client learns that it is open.
  yield PING;
  for await (const result of results) {
    const timer = setTimeout(cut, PATIENCE_MS);
    try {
      yield eventOf(result);
    } finally {
      clearTimeout(timer);
    }
  }
  const ended = why();
  // Otherwise it breaks off, and the client comes again.
  if (isTokenEnd(ended)) {
    const errors = [{ message: ended.message, extensions: { code: ended.errcode } }];
    yield `event: next\ndata: ${JSON.stringify({ errors })}\n\n${COMPLETE}`;
  }
}

function eventOf(result: StreamResult): string {
  return `event: next\nid: ${result.extensions.position}\ndata: ${JSON.stringify(result)}\n\n`;
}

// Between events, and only where it does not have to wait for its reader.
function ping(response: ServerResponse): void {
  if (response.headersSent && !response.writableNeedDrain) response.write(PING);
}

/** A client that comes again names the last event it has: its stream goes on after that, whatever it asked for at first. */
function lastEventId({ headers }: FastifyRequest): string | null {
  const last = headers['last-event-id'];
  return typeof last === 'string' && last !== '' ? last : null;
}

function ofBody({ headers, body }: FastifyRequest): SubscriptionRequest {
  if (!/^application\/json *(;|$)/i.test(headers['content-type'] ?? '')) {
    throw new MatrixError('M_NOT_JSON', 'Send the request as application/json.', { status: 415 });
  }
  return checked(parseJson(body instanceof Buffer ? body : '', { numbers: 'any' }));
}

function ofQuery(query: unknown): SubscriptionRequest {
  const { variables, ...others } = query as Readonly<Record<string, string>>;
  return checked({
    ...others,
    ...(variables !== undefined && { variables: parseJson(variables, { numbers: 'any' }) }),
  });
}

/** Throws M_BAD_JSON. */
function checked(given: JsonValue): SubscriptionRequest {
  const { query, operationName = null, variables = null } = isJsonObject(given) ? given : {};
  const named = operationName === null || typeof operationName === 'string';
  if (typeof query === 'string' && named && (variables === null || isJsonObject(variables))) {
    return { query, operationName, variables };
  }
  throw new MatrixError('M_BAD_JSON', 'A request has a query, and may have an operationName and variables.');
}

function statusOf(extensions: Readonly<Record<string, unknown>> | undefined): number {
  return extensions?.['code'] === 'M_LIMIT_EXCEEDED' ? 429 : 400;
}

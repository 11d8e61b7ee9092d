/** The HTTP listener: every declared endpoint, and the mounts of other doors. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { Readable } from 'node:stream';
import Fastify, { LogController, type FastifyBaseLogger, type FastifyInstance, type FastifyReply } from 'fastify';
import { piecesOf, statusOf, type Endpoint } from './endpoint.ts';
import { answerError, answerNoHttp, CORS_HEADERS, unrecognized } from './errors.ts';
import { createKnownPaths } from './known-paths.ts';
import { MAX_BODY_BYTES, MAX_PARAM_LENGTH, MAX_PIPELINED, MAX_SIGNED_BODY_BYTES } from './limits.ts';
import type { HttpParts } from './parts.ts';
import { noteAnswer } from './request-times.ts';
import { admit, takeRequest } from './take-request.ts';

const HANDSHAKE_MS = 10_000;

export type Mount = (app: FastifyInstance) => Promise<void>;

/** Takes requests, as node:http hands them over. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

/** PEM texts: the certificate chain of a listener, and its key. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface ServerOptions {
  /** Bring the routes of other doors (GraphQL). */
  readonly mounts?: readonly Mount[];
  /** Makes the listener that looks at each request first, of the one to which it hands on what is not for it. */
  readonly before?: (handOn: Listener) => Listener;
  /** The paths at which a mount takes WebSockets; elsewhere the wish for one is not heard. */
  readonly sockets?: readonly string[];
  /** With one it speaks TLS. */
  readonly certificate?: Certificate | null;
}

/** Builds a server of these endpoints; it does not listen yet. */
export async function createHttpServer(
  parts: HttpParts,
  endpoints: readonly Endpoint[],
  { mounts = [], before = (handOn) => handOn, sockets = [], certificate = null }: ServerOptions,
): Promise<FastifyInstance> {
  const app = Fastify({
    serverFactory: (handOn) => createListener(before(handOn), sockets, certificate),
    loggerInstance: quietRoutes(parts.log),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES,
    forceCloseConnections: 'idle',
    // What arrives on an open connection while the server shuts down is answered as ever.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH, ignoreTrailingSlash: false },
    clientErrorHandler: answerNoHttp,
    frameworkErrors: (error, request, reply) => void answerError(parts.log, error, request, reply),
  });
  readBytes(app);
  answerAnyOrigin(app);
  partOnShutdown(app, parts.shutdown);
  logRequests(app, parts);
  app.setErrorHandler((error, request, reply) => answerError(parts.log, error, request, reply));
  for (const mount of mounts) await mount(app);
  const signalOf = createSignals(parts.shutdown);
  for (const endpoint of endpoints) serve(app, parts, endpoint, signalOf);
  return app;
}

function createListener(take: Listener, sockets: readonly string[], certificate: Certificate | null): Server {
  const times = {
    // A request that trickles in is cut off; a long poll answers within a minute.
    ...{ requestTimeout: 30_000, keepAliveTimeout: 75_000 },
    shouldUpgradeCallback: ({ url = '', headers }: IncomingMessage) =>
      headers.upgrade?.toLowerCase() === 'websocket' && sockets.includes(url.split('?')[0]!),
  };
  const server: Server =
    certificate === null
      ? createServer(times)
      : createTlsServer({ ...times, ...certificate, handshakeTimeout: HANDSHAKE_MS });
  server.setTimeout(90_000);
  boundPipelines(server);
  return server.on('request', take);
}

// Node hands over everything that a connection has sent, before the first of it is answered: one connection could otherwise
// start any number of long polls. Hardly any client sends its next request before it has an answer.
function boundPipelines(server: Server): void {
  const unanswered = new WeakMap<Socket, number>();
  const count = (socket: Socket, change: number): number => {
    const counted = (unanswered.get(socket) ?? 0) + change;
    unanswered.set(socket, counted);
    return counted;
  };
  function isAnswered(this: ServerResponse): void {
    count(this.req.socket, -1);
  }
  server.on('request', ({ socket }, response) => {
    response.on('close', isAnswered);
    if (count(socket, 1) > MAX_PIPELINED) socket.destroy();
  });
}

// Bodies stay bytes until the endpoint says what it wants of them: routes and tokens are checked first, and no parser
// but our own may touch JSON that is signed.
function readBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

// Unknown paths are answered 404, known paths with another method 405: before anybody's token or body is looked at.
function answerAnyOrigin(app: FastifyInstance): void {
  const paths = createKnownPaths();
  app.addHook('onRoute', ({ url }) => paths.add(url));
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(CORS_HEADERS);
    if (request.method === 'OPTIONS') void reply.code(204).send();
    // Before the body is read: nobody waits for it.
    else if (request.is404) void reply.code(paths.has(request.raw.url ?? '') ? 405 : 404).send(unrecognized());
    else done();
  });
}

// A client that is not told would send its next request on a connection that is about to be closed.
function partOnShutdown(app: FastifyInstance, shutdown: AbortSignal): void {
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (shutdown.aborted) reply.header('connection', 'close');
    done();
  });
}

function logRequests(app: FastifyInstance, parts: HttpParts): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    noteAnswer(parts, { method: request.method, route, status: reply.statusCode, milliseconds: reply.elapsedTime });
    done();
  });
}

// Fastify's own lines name raw URLs.
function quietRoutes(log: FastifyBaseLogger): FastifyBaseLogger {
  return log.child({}, { level: 'error' });
}

function serve(app: FastifyInstance, parts: HttpParts, endpoint: Endpoint, signalOf: SignalOf): void {
  for (const url of endpoint.paths) {
    app.route({
      method: endpoint.method,
      url,
      exposeHeadRoute: false,
      bodyLimit: endpoint.auth === 'server' ? MAX_SIGNED_BODY_BYTES : MAX_BODY_BYTES,
      onRequest: async (request, reply) => {
        await admit(parts, endpoint, request, reply);
        // Whatever a client calls its body, it is read as JSON: an unreadable name is no reason to refuse it.
        delete request.headers['content-type'];
      },
      handler: async (request, reply) => {
        const given = {
          ...(await takeRequest(parts, endpoint, request, reply.elapsedTime)),
          // Made when an endpoint takes it: those that answer at once never do.
          get signal() {
            return signalOf(reply);
          },
          ip: request.ip,
        };
        const answer = await endpoint.handle(parts, given as never);
        const pieces = piecesOf(answer);
        if (pieces !== null) return reply.type('application/json; charset=utf-8').send(Readable.from(pieces));
        return reply.code(statusOf(answer)).send(answer);
      },
    });
  }
}

type SignalOf = (reply: FastifyReply) => AbortSignal;

const OVER = new Error('The request is over.');

/**
 * Makes signals of answers, not of their connections: many requests share one, and each would leave its listener behind.
 * The same goes for the signal that tells of the server's end: it is listened to once, for all of them.
 */
function createSignals(shutdown: AbortSignal): SignalOf {
  const open = new Set<AbortController>();
  shutdown.addEventListener('abort', () => open.forEach((one) => one.abort(OVER)), { once: true });
  return (reply) => {
    const one = new AbortController();
    // A client may be gone before its token was looked up; its going is not told again.
    const isGone = reply.raw.destroyed;
    if (shutdown.aborted || isGone) one.abort(OVER);
    if (isGone) return one.signal;
    open.add(one);
    reply.raw.once('close', () => {
      open.delete(one);
      one.abort(OVER);
    });
    return one.signal;
  };
}

/** Subscriptions over WebSocket: the protocol graphql-transport-ws at /graphql. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { GraphQLError, parse, type ExecutionResult, type FormattedExecutionResult, type GraphQLSchema } from 'graphql';
import { CloseCode, handleProtocols, makeServer } from 'graphql-ws';
import { WebSocket, WebSocketServer } from 'ws';
import type { Actor } from '../../commands/act.ts';
import type { GraphqlParts } from '../context.ts';
import { MAX_BODY_BYTES } from '../limits.ts';
import { streamMetrics } from './subscriber.ts';
import { GONE, isTokenEnd, type Streams, type Subscription } from './streams.ts';

/** Of a stream whose reader does not take what is sent; it goes on, on another connection, after the last it has. */
export const TOO_SLOW = 4508;
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

const MAX_SOCKETS = 5_000;
const INIT_MS = 5_000;
const PING_EVERY_MS = 25_000;
/** For so long a message may wait for its reader. */
export const PATIENCE_MS = 10_000;
/** Answers to pings and the like that nobody reads. */
const MAX_UNSENT = 64;

/** The library looks at a document for what kind it is of. It has been checked, and opened, by then. */
const OPENED = parse('subscription { opened }');

interface Extra {
  readonly request: IncomingMessage;
  readonly socket: WebSocket;
  subscription: Subscription | null;
  [key: PropertyKey]: unknown;
}

export interface SocketParts extends Pick<GraphqlParts, 'log'> {
  readonly schema: GraphQLSchema;
  readonly streams: Streams;
  /** Who sends such an Authorization header from there. */
  readonly identify: (header: string | undefined, ip: string) => Promise<Actor | null>;
}

/** Takes the upgrades of a listener that lets them through. */
export function mountWebSocket(server: Server, parts: SocketParts): void {
  const { schema } = parts;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_BODY_BYTES, handleProtocols });
  const protocol = makeServer<Record<string, unknown>, Extra>({
    connectionInitWaitTimeout: INIT_MS,
    onConnect: ({ connectionParams, extra }) => connect(parts, extra, connectionParams),
    async onSubscribe({ extra }, _id, { query, operationName, variables }) {
      const opened = await extra.subscription!.run({ query, operationName, variables });
      return 'errors' in opened ? opened.errors.map(asError) : { schema, document: OPENED, contextValue: opened };
    },
    subscribe: ({ contextValue }) => contextValue as AsyncGenerator<ExecutionResult, void>,
    // As it is: its errors are in their last form.
    onNext: (_context, _id, _payload, _args, result) => result as FormattedExecutionResult,
  });
  server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
    stream.on('error', () => undefined);
    if (sockets.clients.size >= MAX_SOCKETS) return refuse(stream, '503 Service Unavailable');
    sockets.handleUpgrade(request, stream, head, (socket) => serve(parts, protocol, socket, request));
  });
}

function refuse(stream: Duplex, status: string): void {
  stream.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

function serve(
  { log }: SocketParts,
  protocol: ReturnType<typeof makeServer<Record<string, unknown>, Extra>>,
  socket: WebSocket,
  request: IncomingMessage,
): void {
  const extra: Extra = { request, socket, subscription: null };
  const closed = protocol.opened(
    {
      protocol: socket.protocol,
      send: createSend(socket, () => extra.subscription?.leave()),
      close: (code, reason) => socket.close(code, reason),
      onMessage(take) {
        socket.on('message', (data) => {
          take((data as Buffer).toString()).catch((error: unknown) => {
            if (socket.readyState === WebSocket.OPEN) log.debug({ err: error }, 'a stream’s message was not taken');
            socket.close(CloseCode.BadRequest, 'Invalid message received');
          });
        });
      },
    },
    extra,
  );
  const stopPings = keepAlive(socket);
  // What is wrong with a frame ends the connection, and nothing else.
  socket.on('error', () => socket.terminate());
  socket.once('close', (code, reason) => {
    stopPings();
    extra.subscription?.leave();
    void closed(code, String(reason)).catch(() => undefined);
  });
}

/** Throws nothing: a caller without a good token is closed as forbidden. */
async function connect(
  { streams, identify, log }: SocketParts,
  extra: Extra,
  params: Readonly<Record<string, unknown>> = {},
): Promise<boolean> {
  const { request, socket } = extra;
  const given = params['authorization'] ?? params['Authorization'] ?? request.headers.authorization;
  const header = typeof given === 'string' ? given : undefined;
  try {
    extra.subscription = await streams.subscribe(
      () => identify(header, request.socket.remoteAddress ?? ''),
      (why) => closeFor(socket, why),
    );
    // It may have gone meanwhile.
    if (socket.readyState !== WebSocket.OPEN) extra.subscription.leave();
    return true;
  } catch (error) {
    if (isTokenEnd(error)) return false;
    log.warn({ err: error }, 'a stream could not be opened');
    socket.close(TRY_AGAIN_LATER, 'Try again later');
    return false;
  }
}

function closeFor(socket: WebSocket, why: unknown): void {
  if (why === GONE) return;
  if (why === null) return socket.close(GOING_AWAY, 'The server is shutting down');
  if (isTokenEnd(why)) return socket.close(CloseCode.Forbidden, 'The access token has ended');
  socket.close(TRY_AGAIN_LATER, 'Try again later');
}

/** Resolves when a message has left this process: who reads slowly is sent slowly, and who does not read is closed. */
function createSend(socket: WebSocket, leave: () => void): (data: string) => Promise<void> {
  let unsent = 0;
  const giveUp = (): void => {
    streamMetrics.slow.inc();
    leave();
    socket.close(TOO_SLOW, 'Too slow: go on after the last position that arrived');
  };
  return (data) =>
    new Promise((resolve, reject) => {
      if (socket.readyState !== WebSocket.OPEN) return resolve();
      unsent += 1;
      if (unsent > MAX_UNSENT) socket.terminate();
      const timer = setTimeout(giveUp, PATIENCE_MS);
      socket.send(data, (error) => {
        unsent -= 1;
        clearTimeout(timer);
        if (error) reject(error);
        else resolve();
      });
    });
}

function keepAlive(socket: WebSocket): () => void {
  let alive = true;
  socket.on('pong', () => (alive = true));
  socket.on('message', () => (alive = true));
  const timer = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
  }, PING_EVERY_MS);
  return () => clearInterval(timer);
}

function asError({ message, extensions, path }: GraphQLErrorText): GraphQLError {
  return new GraphQLError(message, { ...(extensions && { extensions }), ...(path && { path }) });
}

type GraphQLErrorText = Pick<GraphQLError, 'message'> & Partial<Pick<GraphQLError, 'extensions' | 'path'>>;

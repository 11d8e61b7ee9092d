/** Subscriptions as integrations open them: over WebSocket with graphql-ws, and over server-sent events with graphql-sse. */
import { createClient as createEventClient } from 'graphql-sse';
import { createClient, type Client as SocketClient } from 'graphql-ws';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Data } from './graphql.ts';

export interface Stream {
  /** What has come so far. */
  readonly results: readonly Data[];
  /** Resolves when so many have come; rejects with what came instead of more. */
  come(count: number): Promise<readonly Data[]>;
  /** Resolves to how it ended: the code and reason of its connection's end, an error, or null for a completion. */
  readonly ended: Promise<unknown>;
  /** Resolves when so many have come, or it has ended. */
  reach(count: number): Promise<void>;
  /** Ends it from this side. */
  stop(): void;
  /** Is gone without a word. */
  kill(): void;
}

export interface StreamRequest {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

const PATIENCE_MS = 30_000;

/** A stream over WebSocket that does not come again by itself. */
export function overSocket(url: string, token: string | null, request: StreamRequest): Stream {
  const sockets: WebSocket[] = [];
  const client = socketClient(url, token, (socket) => sockets.push(socket));
  return watched(
    (sink) => client.subscribe(request, sink),
    () => void client.dispose(),
    () => sockets.forEach((socket) => socket.terminate()),
  );
}

function socketClient(url: string, token: string | null, onSocket: (socket: WebSocket) => void): SocketClient {
  return createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    on: { opened: (socket) => onSocket(socket as WebSocket) },
    ...(token === null ? {} : { connectionParams: { authorization: `Bearer ${token}` } }),
  });
}

/** A stream over server-sent events that does not come again by itself. */
export function overEvents(url: string, token: string | null, request: StreamRequest): Stream {
  const client = createEventClient({
    url: `${url}/graphql/stream`,
    retryAttempts: 0,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
  });
  return watched(
    (sink) => client.subscribe(request, sink),
    () => client.dispose(),
    () => client.dispose(),
  );
}

interface Sink {
  next(result: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

function watched(subscribe: (sink: Sink) => () => void, dispose: () => void, cut: () => void): Stream {
  const results: Data[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  let over: { readonly why: unknown } | null = null;
  const end = (why: unknown): void => {
    over ??= { why };
    resolve(over.why);
    dispose();
  };
  const stop = subscribe({
    next: (result) => void (over === null && results.push(result)),
    error: end,
    complete: () => end(null),
  });
  return {
    results,
    ended,
    async come(count) {
      for (let waited = 0; results.length < count; waited += 10) {
        if (over !== null || waited > PATIENCE_MS) {
          throw new Error(
            `${results.length} of ${count} came: ${JSON.stringify(results.at(-1))} ${describe(over?.why)}`,
          );
        }
        await sleep(10);
      }
      return results;
    },
    async reach(count) {
      while (results.length < count && over === null) await sleep(5);
    },
    stop() {
      stop();
      end(null);
    },
    kill() {
      over ??= { why: null };
      cut();
      end(null);
    },
  };
}

function describe(why: unknown): string {
  if (typeof why !== 'object' || why === null) return String(why);
  const { code, reason, message } = why as Record<string, unknown>;
  return JSON.stringify({ code, reason, message, why });
}

/** A subscriber over WebSocket that reads nothing until something has happened, and then what there is: how it ended, and what came. */
export async function unread(
  url: string,
  token: string,
  request: StreamRequest,
  until: () => Promise<void>,
): Promise<{ readonly code: number; readonly results: readonly Data[] }> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
  const results: Data[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  socket.on('error', reject);
  socket.on('close', resolve);
  socket.on('open', () => say({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  const say = (message: object): void => socket.send(JSON.stringify(message));
  socket.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString()) as { type: string; payload: Data };
    if (message.type === 'next') results.push(message.payload);
    if (message.type !== 'connection_ack') return;
    say({ id: 'one', type: 'subscribe', payload: request });
    socket.pause();
    until().then(() => socket.resume(), reject);
  });
  return { code: await promise, results };
}

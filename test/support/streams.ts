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
  /** Ends it from this side. */
  stop(): void;
}

export interface StreamRequest {
  readonly query: string;
  readonly variables?: Record<string, unknown>;
}

const PATIENCE_MS = 30_000;

/** A stream over WebSocket that does not come again by itself. */
export function overSocket(url: string, token: string | null, request: StreamRequest): Stream {
  const client = socketClient(url, token);
  return watched(
    (sink) => client.subscribe(request, sink),
    () => void client.dispose(),
  );
}

export function socketClient(url: string, token: string | null, attempts = 0): SocketClient {
  return createClient({
    url: `${url.replace(/^http/, 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: attempts,
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
  );
}

interface Sink {
  next(result: unknown): void;
  error(error: unknown): void;
  complete(): void;
}

function watched(subscribe: (sink: Sink) => () => void, dispose: () => void): Stream {
  const results: Data[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<unknown>();
  let over: { readonly why: unknown } | null = null;
  const end = (why: unknown): void => {
    over ??= { why };
    resolve(over.why);
    dispose();
  };
  const stop = subscribe({
    next: (result) => void results.push(result),
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
    stop() {
      stop();
      end(null);
    },
  };
}

function describe(why: unknown): string {
  if (typeof why !== 'object' || why === null) return String(why);
  const { code, reason, message } = why as Record<string, unknown>;
  return JSON.stringify({ code, reason, message, why });
}

/** What receiving may spend on other servers: so many events and so much time for one event, and for all of one server. */
import { boundedCache } from '../../bounded-cache.ts';
import type { ServerName } from '../../matrix/identifiers.ts';
import type { Fetched } from './remotes.ts';

export interface ReceiveLimits {
  /** Of what is fetched for one received event, in milliseconds. */
  readonly eventMs: number;
  /** Events that are fetched one by one for one received event. */
  readonly singles: number;
  /** Events of whole answers that are taken for one received event. */
  readonly events: number;
  /** Missing predecessors of one received event whose state is asked for. */
  readonly holes: number;
  /** Waiting for one server's answers, in milliseconds, in every window. */
  readonly originMs: number;
  readonly originWindowMs: number;
}

export const RECEIVE_LIMITS: ReceiveLimits = {
  eventMs: 60_000,
  singles: 1_000,
  events: 5_000,
  holes: 20,
  originMs: 300_000,
  originWindowMs: 600_000,
};

/** What is left to be spent on one received event. */
export interface Budget {
  readonly signal: AbortSignal;
  readonly limits: ReceiveLimits;
  /** Whether so many more may be had; then they count. */
  takeSingles(count: number): boolean;
  takeEvents(count: number): boolean;
  takeHole(): boolean;
  /** Asks, on the server's account. */
  ask<T>(question: (signal: AbortSignal) => Promise<Fetched<T>>): Promise<Fetched<T>>;
}

export interface Budgets {
  /** For one event of this server; null: it has used up its time for now. Ends with `close`. */
  open(server: ServerName): (Budget & { close(): void }) | null;
}

const MAX_SERVERS = 10_000;

interface Account {
  spentMs: number;
  readonly since: number;
}

/** `now` in milliseconds. */
export function createBudgets(now: () => number, limits: ReceiveLimits = RECEIVE_LIMITS): Budgets {
  const accounts = boundedCache<Account>(MAX_SERVERS);
  const accountOf = (server: ServerName): Account => {
    const known = accounts.get(server);
    if (known !== undefined && now() - known.since < limits.originWindowMs) return known;
    const fresh = { spentMs: 0, since: now() };
    accounts.set(server, fresh);
    return fresh;
  };
  return {
    open(server) {
      if (accountOf(server).spentMs >= limits.originMs) return null;
      const ended = new AbortController();
      const timer = setTimeout(() => ended.abort(), limits.eventMs);
      timer.unref();
      const left = { singles: limits.singles, events: limits.events, holes: limits.holes };
      const take = (what: keyof typeof left, count: number): boolean => {
        if (left[what] < count) return false;
        left[what] -= count;
        return true;
      };
      return {
        signal: ended.signal,
        limits,
        takeSingles: (count) => take('singles', count),
        takeEvents: (count) => take('events', count),
        takeHole: () => take('holes', 1),
        async ask(question) {
          if (ended.signal.aborted) return { ok: false, failure: { kind: 'timeout' } };
          const started = now();
          try {
            return await withinTime(question(ended.signal), ended.signal);
          } finally {
            accountOf(server).spentMs += now() - started;
          }
        },
        close() {
          clearTimeout(timer);
          ended.abort();
        },
      };
    },
  };
}

/** Whoever does not stop when told to is not waited for. */
function withinTime<T>(answer: Promise<Fetched<T>>, signal: AbortSignal): Promise<Fetched<T>> {
  const { promise, resolve } = Promise.withResolvers<Fetched<T>>();
  const stop = (): void => resolve({ ok: false, failure: { kind: 'timeout' } });
  signal.addEventListener('abort', stop, { once: true });
  return Promise.race([answer, promise]).finally(() => signal.removeEventListener('abort', stop));
}

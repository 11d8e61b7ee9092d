/** Delegations of hosts, asked for once and kept as long as they stand. */
import { boundedCache } from '../bounded-cache.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import { fetchWellKnown, type WellKnownAnswer, type WellKnownDeps } from './well-known-fetch.ts';

export interface WellKnownCacheDeps extends WellKnownDeps {
  /** Aborts when this server ends. */
  readonly shutdown: AbortSignal;
}

/** To which server a host delegates; null: to none that can be heard of. Never rejects for what the host does. */
export type FindDelegate = (host: string) => Promise<ServerName | null>;

interface Held {
  readonly to: ServerName | null;
  readonly until: number;
  /** When it said where it delegates to. */
  readonly heardAt: number;
  /** In a row. */
  readonly failures: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DEFAULT_MS = 24 * HOUR_MS;
const MAX_MS = 48 * HOUR_MS;
const MIN_MS = 5 * MINUTE_MS;
const FETCH_MS = 10_000;
const MAX_HELD = 20_000;
const UNKNOWN: Held = { to: null, until: 0, heardAt: -Infinity, failures: 0 };

export function createFindDelegate({ shutdown, ...deps }: WellKnownCacheDeps): FindDelegate {
  const held = boundedCache<Held>(MAX_HELD);
  const asking = new Map<string, Promise<ServerName | null>>();
  const ask = async (host: string): Promise<ServerName | null> => {
    const answer = await inTime(shutdown, (signal) => fetchWellKnown(deps, host, signal));
    const next = after(held.get(host) ?? UNKNOWN, answer, deps.now());
    if (!shutdown.aborted) held.set(host, next);
    return next.to;
  };
  return async (host) => {
    const key = host.toLowerCase();
    const known = held.get(key);
    const left = (known?.until ?? 0) - deps.now();
    // A clock that was set back would let it stand for longer.
    if (known !== undefined && left > 0 && left <= MAX_MS) return known.to;
    const open = asking.get(key) ?? ask(key).finally(() => asking.delete(key));
    asking.set(key, open);
    return open;
  };
}

function after(before: Held, answer: WellKnownAnswer, at: number): Held {
  if (answer.is === 'delegated') {
    const lifetime = Math.min(Math.max(answer.lifetimeMs ?? DEFAULT_MS, MIN_MS), MAX_MS);
    return { to: answer.to, until: at + lifetime, heardAt: at, failures: 0 };
  }
  if (answer.is === 'none') return { ...UNKNOWN, until: at + HOUR_MS };
  const wait = Math.min(MINUTE_MS * 2 ** Math.min(before.failures, 10), HOUR_MS);
  // Whose delegation is known is not looked for in vain elsewhere because its web server is down.
  const to = at - before.heardAt < MAX_MS ? before.to : null;
  return { to, until: at + wait, heardAt: before.heardAt, failures: before.failures + 1 };
}

async function inTime<T>(shutdown: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const own = new AbortController();
  const end = (): void => own.abort();
  const timer = setTimeout(end, FETCH_MS);
  shutdown.addEventListener('abort', end, { once: true });
  if (shutdown.aborted) end();
  try {
    return await ask(own.signal);
  } finally {
    clearTimeout(timer);
    shutdown.removeEventListener('abort', end);
  }
}

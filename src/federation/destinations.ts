/** Connections to other servers: a few for each, kept for the next request. */
import { LRUCache } from 'lru-cache';
import type { Dispatcher, Pool } from 'undici';
import type { Dialer } from './dial.ts';
import type { Destination } from './resolve.ts';

/** At most so many at once; requests beyond wait their turn, within their time. */
const CONNECTIONS_EACH = 8;
const MAX_DESTINATIONS = 1_000;
/** So long others are tried before one that could not be reached. */
const AVOIDED_MS = 60_000;

export interface Destinations {
  /**
   * What `ask` gives of the first destination that can be connected to, in their order, those that were not reachable lately
   * at the end. Rejects with what the last one failed with.
   */
  reach<T>(destinations: readonly Destination[], ask: (to: Reached) => Promise<T>): Promise<T>;
  /** Cuts what is open. */
  close(): Promise<void>;
}

export interface Reached {
  readonly connections: Dispatcher;
  readonly hostHeader: string;
}

export function createDestinations(dialer: Dialer): Destinations {
  const pools = new LRUCache<string, Pool>({
    max: MAX_DESTINATIONS,
    dispose: (pool) => void pool.close().catch(() => undefined),
  });
  const avoided = new LRUCache<string, true>({ max: MAX_DESTINATIONS, ttl: AVOIDED_MS });
  const connectionsTo = async (destination: Destination): Promise<Dispatcher> => {
    const key = keyOf(destination);
    const known = pools.get(key);
    if (known !== undefined) return known;
    const made = await dialer.dial(destination, CONNECTIONS_EACH);
    // Whoever asked at the same time may have been faster.
    const pool = pools.get(key) ?? made;
    pools.set(key, pool);
    return pool;
  };
  return {
    async reach(destinations, ask) {
      const [later, first] = partition(destinations, (each) => avoided.has(keyOf(each)));
      const all = [...first, ...later];
      for (const [at, destination] of all.entries()) {
        try {
          const connections = await connectionsTo(destination);
          return await ask({ connections, hostHeader: destination.hostHeader });
        } catch (error) {
          if (at === all.length - 1 || !dialer.neverConnected(error)) throw error;
          avoided.set(keyOf(destination), true);
        }
      }
      throw new Error('There is no destination to reach.');
    },
    async close() {
      const open = [...pools.values()];
      await Promise.all(open.map((pool) => pool.destroy()));
    },
  };
}

function keyOf({ host, port, hostHeader, certificateName }: Destination): string {
  return [host, port, hostHeader, certificateName].join(' ');
}

function partition<T>(all: readonly T[], belongs: (one: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [all.filter(belongs), all.filter((each) => !belongs(each))];
}

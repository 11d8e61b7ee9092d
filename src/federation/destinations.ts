/** Requests to one of the places where a server can be: the first that can be connected to. */
import { boundedCache } from '../bounded-cache.ts';
import type { Dispatcher } from 'undici';
import type { Dialer } from './dial.ts';
import { createPools } from './pools.ts';
import type { Destination } from './resolve.ts';

const MAX_AVOIDED = 10_000;
/** So long others are tried before one that could not be reached. */
const AVOIDED_MS = 60_000;

export interface Destinations {
  /**
   * What `ask` gives of the first destination that can be connected to, in their order, those that were not reachable lately
   * at the end. Rejects with what the last one failed with. The connections are `ask`'s until it resolves.
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
  const pools = createPools(dialer);
  const avoided = boundedCache<true>(MAX_AVOIDED, { ttl: AVOIDED_MS });
  return {
    async reach(destinations, ask) {
      const isAvoided = (each: Destination): boolean => avoided.has(keyOf(each));
      const all = [...destinations.filter((each) => !isAvoided(each)), ...destinations.filter(isAvoided)];
      for (const [at, destination] of all.entries()) {
        const key = keyOf(destination);
        try {
          const { hostHeader } = destination;
          return await pools.run(key, destination, (connections) => ask({ connections, hostHeader }));
        } catch (error) {
          if (at === all.length - 1 || !dialer.neverConnected(error)) throw error;
          avoided.set(key, true);
        }
      }
      throw new Error('There is no destination to reach.');
    },
    close: () => pools.close(),
  };
}

function keyOf({ host, port, hostHeader, certificateName }: Destination): string {
  return [host, port, hostHeader, certificateName].join(' ');
}

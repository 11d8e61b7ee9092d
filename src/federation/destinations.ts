/** Connections to other servers: a few for each, kept for the next request, over TLS that checks certificates. */
import { isIP } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import { LRUCache } from 'lru-cache';
import type { Dispatcher, Pool } from 'undici';
import { forbiddenAddress, type Networks } from './networks.ts';
import type { Destination } from './resolve.ts';

/** At most so many at once; requests beyond wait their turn, within their time. */
const CONNECTIONS_EACH = 8;
const MAX_DESTINATIONS = 1_000;
const CONNECT_MS = 10_000;
const IDLE_MS = 30_000;
const MAX_HEADER_BYTES = 16_384;

export interface Destinations {
  /** Rejects with the error of `forbiddenAddress` for an address that requests may not go to. */
  connectionsTo(destination: Destination): Promise<Dispatcher>;
  /** Cuts what is open. */
  close(): Promise<void>;
}

/** `extraCa` (PEM) is trusted beside what Node trusts; null: nothing is. */
export function createDestinations(networks: Networks, extraCa: string | null): Destinations {
  // Made once: reading all authorities takes longer than a handshake.
  const secureContext =
    extraCa === null ? undefined : createSecureContext({ ca: [...getCACertificates('default'), extraCa] });
  const pools = new LRUCache<string, Pool>({
    max: MAX_DESTINATIONS,
    dispose: (pool) => void pool.close().catch(() => undefined),
  });
  const poolTo = async ({ host, port, certificateName }: Destination): Promise<Pool> => {
    // Ten megabytes that a server which never asks another does without.
    const undici = await import('undici');
    const isV6 = host.includes(':');
    return new undici.Pool(`https://${isV6 ? `[${host}]` : host}:${port}`, {
      connections: CONNECTIONS_EACH,
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      // The caller has a time for all of it, which is the only one that a slow sender cannot stretch.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: CONNECT_MS,
        lookup: networks.lookup,
        ...(secureContext === undefined ? {} : { secureContext }),
        ...(isIP(certificateName) !== 0 ? {} : { servername: certificateName }),
      },
    });
  };
  return {
    async connectionsTo(destination) {
      // An address that is written out is connected to without being looked up.
      if (isIP(destination.host) !== 0 && !networks.allows(destination.host)) throw forbiddenAddress();
      const { host, port, hostHeader, certificateName } = destination;
      const key = [host, port, hostHeader, certificateName].join(' ');
      const known = pools.get(key);
      if (known !== undefined) return known;
      const made = await poolTo(destination);
      // Whoever asked at the same time may have been faster.
      const pool = pools.get(key) ?? made;
      pools.set(key, pool);
      return pool;
    },
    async close() {
      const open = [...pools.values()];
      await Promise.all(open.map((pool) => pool.destroy()));
    },
  };
}

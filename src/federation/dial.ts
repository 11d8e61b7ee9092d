/** Connections over TLS that check certificates, and addresses where they are connected to. */
import { isIP } from 'node:net';
import { createSecureContext, getCACertificates } from 'node:tls';
import type { Pool } from 'undici';
import { forbiddenAddress, type Networks } from './networks.ts';

const CONNECT_MS = 10_000;
const IDLE_MS = 30_000;
const MAX_HEADER_BYTES = 16_384;

export interface Place {
  /** An IP address, or a name to be looked up. */
  readonly host: string;
  readonly port: number;
  /** What its certificate has to be for. */
  readonly certificateName: string;
}

export interface Dialer {
  /**
   * At most so many connections at once, made when they are needed; whoever asks for them closes them. Rejects with the error
   * of `forbiddenAddress` for an address that requests may not go to.
   */
  dial(place: Place, connections: number): Promise<Pool>;
  /** Whether a request failed with this because there was no connection: nobody has seen anything of it. */
  neverConnected(error: unknown): boolean;
}

/** `extraCa` (PEM) is trusted beside what Node trusts; null: nothing is. */
export function createDialer(networks: Networks, extraCa: string | null): Dialer {
  // Made once: reading all authorities takes longer than a handshake.
  const secureContext =
    extraCa === null ? undefined : createSecureContext({ ca: [...getCACertificates('default'), extraCa] });
  const unconnected = new WeakSet<object>();
  return {
    async dial({ host, port, certificateName }, connections) {
      const url = new URL(`https://${host.includes(':') ? `[${host}]` : host}:${port}`);
      // An address that is written out, in whatever notation, is connected to without being looked up.
      const literal = url.hostname.replace(/^\[(.*)\]$/, '$1');
      if (isIP(literal) !== 0 && !networks.allows(literal)) throw refused(unconnected);
      // Ten megabytes that a server which never asks another does without.
      const undici = await import('undici');
      const connect = undici.buildConnector({
        timeout: CONNECT_MS,
        lookup: networks.lookup,
        ...(secureContext === undefined ? {} : { secureContext }),
      });
      const servername = isIP(certificateName) === 0 ? certificateName : undefined;
      return new undici.Pool(url, {
        connections,
        pipelining: 1,
        keepAliveTimeout: IDLE_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
        // The caller has a time for all of it, which is the only one that a slow sender cannot stretch.
        headersTimeout: 0,
        bodyTimeout: 0,
        connect: (options, callback) =>
          connect({ ...options, servername: servername ?? '' }, (...[error, socket]) => {
            if (error === null) return callback(null, socket);
            unconnected.add(error);
            return callback(error, null);
          }),
      });
    },
    neverConnected: (error) => typeof error === 'object' && error !== null && unconnected.has(error),
  };
}

function refused(unconnected: WeakSet<object>): Error {
  const error = forbiddenAddress();
  unconnected.add(error);
  return error;
}

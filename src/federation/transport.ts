/** All that a request to another server goes through: where it is, how it is connected to, what is asked. */
import type { Network } from '../addresses.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import { createDestinations } from './destinations.ts';
import { createDialer } from './dial.ts';
import { createNames } from './names.ts';
import { createNetworks } from './networks.ts';
import { createSendRequest, type SendRequest } from './request.ts';
import { createResolveServer, type ResolveServer } from './resolve.ts';
import { createFindServices } from './services.ts';
import { createFindDelegate } from './well-known.ts';

export interface TransportOptions {
  readonly identity: ServerIdentity;
  /** Private and reserved networks that requests may go to. */
  readonly networks: readonly Network[];
  /** PEM; trusted beside what Node trusts. */
  readonly extraCa: string | null;
  /** Name servers; null: the system's. */
  readonly dnsServers: readonly string[] | null;
  /** Milliseconds. */
  readonly now: () => number;
  /** From 0 to 1, without 1. */
  readonly random: () => number;
  /** Aborts when this server ends. */
  readonly shutdown: AbortSignal;
  /** Where hosts are asked for their delegation. 443 by default, and but for tests, which cannot listen there. */
  readonly wellKnownPort?: number;
}

export interface Transport {
  readonly send: SendRequest;
  readonly resolve: ResolveServer;
  /** Cuts what is open. */
  close(): Promise<void>;
}

const HTTPS_PORT = 443;

export function createTransport(options: TransportOptions): Transport {
  const { identity, now, random, wellKnownPort: port = HTTPS_PORT } = options;
  const closing = new AbortController();
  const shutdown = AbortSignal.any([options.shutdown, closing.signal]);
  const names = createNames(options.dnsServers);
  const dialer = createDialer(createNetworks(options.networks, names.lookUp), options.extraCa);
  const resolve = createResolveServer({
    findDelegate: createFindDelegate({ dialer, port, now, shutdown }),
    findServices: createFindServices({ names, now, random }),
  });
  const destinations = createDestinations(dialer);
  return {
    resolve,
    send: createSendRequest({ identity, resolve, destinations, shutdown }),
    async close() {
      closing.abort();
      names.close();
      await destinations.close();
    },
  };
}

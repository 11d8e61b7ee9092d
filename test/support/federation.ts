/** What asks other servers, as `serve` builds it, on an identity of the test's. */
import { createDestinations } from '../../src/federation/destinations.ts';
import { createNetworks } from '../../src/federation/networks.ts';
import { createSendRequest, type SendRequest } from '../../src/federation/request.ts';
import type { Network } from '../../src/config.ts';
import type { ServerIdentity } from '../../src/matrix/signatures.ts';
import { testIdentity } from './history.ts';

export const LOOPBACK: readonly Network[] = [{ address: '127.0.0.0', prefix: 8 }];

export interface TestFederation {
  readonly identity: ServerIdentity;
  readonly send: SendRequest;
  /** As when the server ends. */
  shutDown(): void;
  close(): Promise<void>;
}

export function openFederation(ca: string | null, networks = LOOPBACK): TestFederation {
  const identity = testIdentity();
  const shutdown = new AbortController();
  const destinations = createDestinations(createNetworks(networks), ca);
  return {
    identity,
    send: createSendRequest({ identity, destinations, shutdown: shutdown.signal }),
    shutDown: () => shutdown.abort(),
    close: () => destinations.close(),
  };
}

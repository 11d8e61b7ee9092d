/** What asks other servers, as `serve` builds it, on an identity of the test's. */
import { createDestinations } from '../../src/federation/destinations.ts';
import { createCheckEventSignatures, type CheckEventSignatures } from '../../src/federation/event-signatures.ts';
import { createNetworks } from '../../src/federation/networks.ts';
import { createRemoteKeys, type RemoteKeys } from '../../src/federation/remote-keys.ts';
import { createSendRequest, type SendRequest } from '../../src/federation/request.ts';
import type { Network } from '../../src/config.ts';
import type { Db } from '../../src/database/database.ts';
import type { ServerIdentity } from '../../src/matrix/signatures.ts';
import { testIdentity } from './history.ts';

const LOOPBACK: readonly Network[] = [{ address: '127.0.0.0', prefix: 8 }];

export interface TestFederation {
  readonly identity: ServerIdentity;
  readonly send: SendRequest;
  /** With keys in this database, read anew, and this clock. */
  signatures(db: Db, now?: () => number): { readonly keys: RemoteKeys; readonly check: CheckEventSignatures };
  /** As when the server ends. */
  shutDown(): void;
  close(): Promise<void>;
}

export interface FederationOptions {
  readonly networks?: readonly Network[];
  readonly identity?: ServerIdentity;
}

/** Trusts the authority beside the usual ones, and by default may go to this machine alone. */
export function openFederation(
  ca: string | null,
  { networks = LOOPBACK, identity = testIdentity() }: FederationOptions = {},
): TestFederation {
  const shutdown = new AbortController();
  const destinations = createDestinations(createNetworks(networks), ca);
  const send = createSendRequest({ identity, destinations, shutdown: shutdown.signal });
  return {
    identity,
    send,
    signatures(db, now = Date.now) {
      const keys = createRemoteKeys({ db, send, now });
      return { keys, check: createCheckEventSignatures({ identity, keys }) };
    },
    shutDown: () => shutdown.abort(),
    close: () => destinations.close(),
  };
}

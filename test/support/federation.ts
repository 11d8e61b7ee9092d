/** What asks other servers, as `serve` builds it, on an identity of the test's. */
import { createCheckEventSignatures, type CheckEventSignatures } from '../../src/federation/event-signatures.ts';
import { createRemoteKeys, type RemoteKeys } from '../../src/federation/remote-keys.ts';
import type { SendRequest } from '../../src/federation/request.ts';
import type { ResolveServer } from '../../src/federation/resolve.ts';
import { createTransport, type TransportOptions } from '../../src/federation/transport.ts';
import type { Network } from '../../src/addresses.ts';
import type { Db } from '../../src/database/database.ts';
import type { ServerName } from '../../src/matrix/identifiers.ts';
import type { ServerIdentity } from '../../src/matrix/signatures.ts';
import { testIdentity } from './history.ts';
import { NO_NAME_SERVER } from './name-server.ts';

const LOOPBACK: readonly Network[] = [{ address: '127.0.0.0', prefix: 8 }];

export interface TestFederation {
  readonly identity: ServerIdentity;
  readonly send: SendRequest;
  readonly resolve: ResolveServer;
  /** With keys in this database, read anew, and this clock. */
  signatures(
    db: Db,
    now?: () => number,
    notaries?: readonly ServerName[],
  ): { readonly keys: RemoteKeys; readonly check: CheckEventSignatures };
  /** As when the server ends. */
  shutDown(): void;
  close(): Promise<void>;
}

export type FederationOptions = Partial<Omit<TransportOptions, 'extraCa' | 'shutdown'>>;

/** Trusts the authority beside the usual ones, and by default may go to this machine alone. */
export function openFederation(
  ca: string | null,
  { identity = testIdentity(), ...options }: FederationOptions = {},
): TestFederation {
  const shutdown = new AbortController();
  const transport = createTransport({
    networks: LOOPBACK,
    dnsServers: [NO_NAME_SERVER],
    now: Date.now,
    random: Math.random,
    ...options,
    identity,
    extraCa: ca,
    shutdown: shutdown.signal,
  });
  const { send, resolve } = transport;
  return {
    identity,
    send,
    resolve,
    signatures(db, now = Date.now, notaries = []) {
      const keys = createRemoteKeys({ db, send, now, notaries });
      return { keys, check: createCheckEventSignatures({ identity, keys }) };
    },
    shutDown: () => shutdown.abort(),
    close: () => transport.close(),
  };
}

/** What speaks with other servers: the requests to them, and the listener for theirs. */
import { readFile } from 'node:fs/promises';
import { randomFraction } from '../accounts/secrets.ts';
import type { Config } from '../config.ts';
import { createCalls, type Calls } from '../federation/calls.ts';
import type { Db } from '../database/database.ts';
import { createCheckEventSignatures, type CheckEventSignatures } from '../federation/event-signatures.ts';
import { createRemoteKeys, type RemoteKeys } from '../federation/remote-keys.ts';
import { createTransport } from '../federation/transport.ts';
import { createDoors, type Doors } from '../http/close-doors.ts';
import { listenOn } from '../http/listen.ts';
import type { HttpParts } from '../http/parts.ts';
import { serverServerEndpoints } from '../http/server-server/index.ts';
import { createHttpServer, type Certificate } from '../http/server.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';

/** What asks other servers. */
export interface Requests {
  readonly calls: Calls;
  readonly keys: RemoteKeys;
  readonly checkEventSignatures: CheckEventSignatures;
  /** Cuts what is open to other servers. */
  close(): Promise<void>;
}

export interface Federation extends Requests {
  /**
   * Listens for other servers where the configuration says so, and resolves to the URL; null: it does not, and the port for
   * clients answers them. The doors are among the given ones before they open.
   */
  listen(parts: HttpParts, doors: Doors[]): Promise<string | null>;
}

interface FederationParts {
  readonly db: Db;
  readonly identity: ServerIdentity;
  readonly now: () => number;
}

/** Throws an Error that names the variable whose file cannot be read or used. */
export async function openRequests(
  { federation: { extraCa, networks, dnsServers, keyServers } }: Config,
  { db, identity, now }: FederationParts,
  shutdown: AbortSignal,
): Promise<Requests> {
  const ca = extraCa === null ? null : await readPem('FEDERATION_CA_FILE', extraCa);
  const reach = { networks, extraCa: ca, dnsServers };
  const transport = createTransport({ ...reach, identity, now, random: randomFraction, shutdown });
  const { send } = transport;
  const keys = createRemoteKeys({ db, send, now, notaries: keyServers });
  return {
    calls: createCalls(send),
    keys,
    checkEventSignatures: createCheckEventSignatures({ identity, keys }),
    close: () => transport.close(),
  };
}

/** The same, and what other servers ask. Throws as that does. */
export async function openFederation(
  config: Config,
  parts: FederationParts,
  shutdown: AbortSignal,
): Promise<Federation> {
  const { listen, certificate } = config.federation;
  const pem = certificate === null ? null : await readCertificate(certificate);
  return {
    ...(await openRequests(config, parts, shutdown)),
    async listen(httpParts, doors) {
      if (listen === null) return null;
      const app = await createHttpServer(httpParts, serverServerEndpoints, { certificate: pem });
      doors.push(createDoors(app));
      const url = await listenOn(app, 'FEDERATION_LISTEN', listen);
      return pem === null ? url : url.replace(/^http:/, 'https:');
    },
  };
}

async function readCertificate({ chain, key }: NonNullable<Config['federation']['certificate']>): Promise<Certificate> {
  return {
    cert: await readPem('FEDERATION_TLS_CERT', chain),
    key: await readPem('FEDERATION_TLS_KEY', key),
  };
}

async function readPem(variable: string, path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`The file of ${variable} cannot be read: ${error.code ?? 'unknown reason'}.`);
  });
  if (!/^-----BEGIN [A-Z0-9 ]+-----$/m.test(text)) throw new Error(`The file of ${variable} holds no PEM.`);
  return text;
}

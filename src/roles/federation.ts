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
import type { HttpParts } from '../http/parts.ts';
import { serverServerEndpoints } from '../http/server-server/index.ts';
import { createHttpServer, type Certificate } from '../http/server.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';

export interface Federation {
  readonly calls: Calls;
  readonly keys: RemoteKeys;
  readonly checkEventSignatures: CheckEventSignatures;
  /** Listens for other servers where the configuration says so; null: it does not, and the port for clients answers them. */
  openDoors(parts: HttpParts): Promise<OpenDoors | null>;
  /** Cuts what is open to other servers. */
  close(): Promise<void>;
}

interface FederationParts {
  readonly db: Db;
  readonly identity: ServerIdentity;
  readonly now: () => number;
}

export interface OpenDoors {
  readonly doors: Doors;
  readonly url: string;
}

/** Throws an Error that names the variable whose file cannot be read or used. */
export async function openFederation(
  { federation: { extraCa, networks, dnsServers, listen, certificate } }: Config,
  { db, identity, now }: FederationParts,
  shutdown: AbortSignal,
): Promise<Federation> {
  const ca = extraCa === null ? null : await readPem('FEDERATION_CA_FILE', extraCa);
  const pem = certificate === null ? null : await readCertificate(certificate);
  const reach = { networks, extraCa: ca, dnsServers };
  const transport = createTransport({ ...reach, identity, now, random: randomFraction, shutdown });
  const { send } = transport;
  const keys = createRemoteKeys({ db, send, now });
  return {
    calls: createCalls(send),
    keys,
    checkEventSignatures: createCheckEventSignatures({ identity, keys }),
    async openDoors(parts) {
      if (listen === null) return null;
      const app = await createHttpServer(parts, serverServerEndpoints, { certificate: pem });
      const doors = createDoors(app);
      const url = await app.listen(listen);
      return { doors, url: pem === null ? url : url.replace(/^http:/, 'https:') };
    },
    close: () => transport.close(),
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

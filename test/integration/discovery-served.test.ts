/** A started server finds others with what its configuration says: name servers, authorities, networks. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, it } from 'vitest';
import { parseServerName, type ServerName } from '../../src/matrix/identifiers.ts';
import type { ServerIdentity } from '../../src/matrix/signatures.ts';
import { signingKeyFromSeed } from '../../src/matrix/signing-keys.ts';
import { asking } from '../support/asking.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { HERE, internet } from '../support/discovery.ts';
import { keyObject } from '../support/fake-homeserver.ts';
import { expectError } from '../support/raw.ts';
import { startServer, temporaryFolder, type TestServer } from '../support/server.ts';

const US = 'localhost:18448' as ServerName;
const net = internet();
let database: TestDatabase;
let dataDir: string;
let running: TestServer | null = null;

beforeAll(async () => {
  database = await openTestDatabase();
  dataDir = await temporaryFolder();
  await writeFile(join(dataDir, 'ca.pem'), net.authority.ca);
});

afterEach(async () => {
  await running?.stop();
  running = null;
});

afterAll(async () => {
  await rm(dataDir, { recursive: true, force: true });
  await database.close();
});

async function start(env: Readonly<Record<string, string>>): Promise<TestServer> {
  running = await startServer({
    databaseUrl: database.url,
    dataDir,
    env: {
      SERVER_NAME: US,
      FEDERATION_CA_FILE: join(dataDir, 'ca.pem'),
      FEDERATION_DNS_SERVERS: net.names.address,
      FEDERATION_ALLOW_NETWORKS: '127.0.0.0/8',
      ...env,
    },
  });
  return running;
}

/** A server of this name, of which only SRV records tell where it is. */
async function homeserver(name: string): Promise<ServerIdentity> {
  const serverName = parseServerName(name)!;
  const identity = { serverName, key: signingKeyFromSeed('there', Buffer.alloc(32, 9)), oldKeys: [] };
  const remote = await net.homeserver(name);
  remote.on('/_matrix/key/v2/server', () => keyObject(identity));
  net.names.on(`target.${name}`, HERE);
  net.names.on(`_matrix-fed._tcp.${name}`, {
    services: [{ name: `target.${name}`, port: remote.port, priority: 1, weight: 1 }],
  });
  return identity;
}

it('a server that SRV records tell of is believed, once its keys are fetched from where they lead', async () => {
  const there = await homeserver('there.test');
  const { port } = await start({});
  const ask = asking(port, there, US);
  const path = `/v1/query/profile?user_id=${encodeURIComponent(`@nobody:${US}`)}`;
  expectError(await ask('GET', path), 404, 'M_NOT_FOUND');
});

it.each([
  ['by other name servers', { FEDERATION_DNS_SERVERS: '127.0.0.1:1' }],
  ['in a network that is not allowed', { FEDERATION_ALLOW_NETWORKS: '10.0.0.0/8' }],
  ['with a certificate of an authority that is not trusted', { FEDERATION_CA_FILE: '' }],
])('a server is not believed when it is looked for %s', async (_where, env) => {
  const name = `there${Object.keys(env)[0]!.toLowerCase().replaceAll('_', '-')}.test`;
  const there = await homeserver(name);
  const { port } = await start(env);
  const path = `/v1/query/profile?user_id=${encodeURIComponent(`@nobody:${US}`)}`;
  expectError(await asking(port, there, US)('GET', path), 401, 'M_UNAUTHORIZED');
});

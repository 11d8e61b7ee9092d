/** What this server tells other servers, on a listener of its own, with TLS or behind a proxy. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  formatSigningKeyFile,
  parseSigningKeyFile,
  publicKeyFromBase64,
  signingKeyFromSeed,
} from '../../src/matrix/signing-keys.ts';
import { verifyJson } from '../../src/matrix/signatures.ts';
import type { JsonObject } from '../../src/matrix/json.ts';
import { parseServerName } from '../../src/matrix/identifiers.ts';
import { objectIn, stringIn } from '../../src/matrix/pdu.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { openFederation, type TestFederation } from '../support/federation.ts';
import { rawRequest, expectError } from '../support/raw.ts';
import { freePort } from '../support/free-port.ts';
import { runRole, startServer, temporaryFolder, type TestServer } from '../support/server.ts';

const HOUR_MS = 3_600_000;
const FEDERATION = '/_matrix/federation/v1';
const KEYS = '/_matrix/key/v2/server';

let authority: Authority;
let database: TestDatabase;
let dataDir: string;
let federation: TestFederation;
let running: TestServer | null = null;

beforeAll(async () => {
  authority = await createAuthority();
  database = await openTestDatabase();
  dataDir = await temporaryFolder();
  federation = openFederation(authority.ca);
  const { cert, key } = await authority.certify();
  await writeFile(join(dataDir, 'chain.pem'), cert);
  await writeFile(join(dataDir, 'key.pem'), key);
});

afterAll(async () => {
  await federation.close();
  await rm(dataDir, { recursive: true, force: true });
  await database.close();
});

const start = async (port: number, env: Readonly<Record<string, string>> = {}): Promise<TestServer> =>
  (running = await startServer({
    databaseUrl: database.url,
    dataDir,
    env: {
      SERVER_NAME: 'localhost:18448',
      FEDERATION_LISTEN: `127.0.0.1:${port}`,
      FEDERATION_TLS_CERT: join(dataDir, 'chain.pem'),
      FEDERATION_TLS_KEY: join(dataDir, 'key.pem'),
      ...env,
    },
  }));

afterEach(async () => {
  await running?.stop();
  running = null;
});

async function ask(port: number, target: string): Promise<JsonObject> {
  const answer = await federation.send({ server: parseServerName(`localhost:${port}`)!, method: 'GET', target });
  return answer.ok ? answer.value : expect.fail(JSON.stringify(answer.failure));
}

function expectSigned(object: JsonObject): void {
  const [[keyId, entry] = expect.fail('there is no key')] = Object.entries(objectIn(object, 'verify_keys') ?? {});
  const key = publicKeyFromBase64(stringIn(entry as JsonObject, 'key') ?? '');
  expect(verifyJson(object, 'localhost:18448', keyId, key)).toBe(true);
}

describe('the listener for other servers', () => {
  it('tells the key in use, signed by it, for a day, whether or not a key is named', async () => {
    const port = await freePort();
    const server = await start(port);
    expect(server.output().out).toContain(`Servers   https://127.0.0.1:${port}`);
    for (const target of [KEYS, `${KEYS}/ed25519:x`, `${KEYS}/`]) {
      const object = await ask(port, target);
      expect(object).toMatchObject({ server_name: 'localhost:18448', old_verify_keys: {} });
      expect(JSON.stringify(object['verify_keys'])).toMatch(/^\{"ed25519:\w+":\{"key":"[A-Za-z0-9+/]{43}"\}\}$/);
      const left = Number(object['valid_until_ts']) - Date.now();
      expect(left).toBeGreaterThan(23 * HOUR_MS);
      expect(left).toBeLessThan(25 * HOUR_MS);
      expectSigned(object);
    }
    expect(await ask(port, '/_matrix/federation/v1/version')).toEqual({
      server: { name: 'Vestibule', version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
    });
    expect(await server.stop()).toBe(0);
    running = null;
  });

  it('is told of where clients ask, when it is set where it is, and else nowhere', async () => {
    const path = '/.well-known/matrix/server';
    const port = await freePort();
    const server = await start(port, { FEDERATION_DELEGATE: `localhost:${port}` });
    const told = await fetch(`${server.url}${path}`);
    expect([told.status, await told.json()]).toEqual([200, { 'm.server': `localhost:${port}` }]);
    expect(await ask(port, path)).toEqual({ 'm.server': `localhost:${port}` });
    expect(await server.stop()).toBe(0);
    const silent = await start(await freePort());
    const answer = await fetch(`${silent.url}${path}`);
    expect([answer.status, await answer.json()]).toEqual([404, { errcode: 'M_NOT_FOUND', error: expect.any(String) }]);
  });

  it('goes on telling a key that was replaced, with the time when that was seen first', async () => {
    const file = join(dataDir, 'signing.key');
    const [before] = parseSigningKeyFile(await readFile(file, 'utf8'));
    const after = signingKeyFromSeed('b_next', Buffer.alloc(32, 9));
    await writeFile(file, formatSigningKeyFile([after, before]));
    const began = Date.now();
    const seen: number[] = [];
    for (let times = 0; times < 2; times += 1) {
      const port = await freePort();
      const server = await start(port);
      const object = await ask(port, KEYS);
      expect(object['verify_keys']).toEqual({ [after.keyId]: { key: after.publicKeyBase64 } });
      expect(object['old_verify_keys']).toEqual({
        [before.keyId]: { key: before.publicKeyBase64, expired_ts: expect.any(Number) },
      });
      expectSigned(object);
      seen.push(Number(objectIn(objectIn(object, 'old_verify_keys')!, before.keyId)!['expired_ts']));
      await server.stop();
      running = null;
    }
    expect(seen[0]).toBeGreaterThanOrEqual(began);
    expect(seen[1]).toBe(seen[0]);
  });

  it('59: answers unknown paths with 404 and known paths with another method with 405, whoever asks', async () => {
    const port = await freePort();
    const server = await start(port, { FEDERATION_TLS_CERT: '', FEDERATION_TLS_KEY: '' });
    expect(server.output().out).toContain(`Servers   http://127.0.0.1:${port}`);
    // Behind a proxy it speaks plain HTTP.
    expect(await rawRequest(port, { method: 'GET', path: KEYS })).toMatchObject({ status: 200 });
    const unknown = [
      ...['/', '/_matrix', '/_matrix/key/v2', '/_matrix/key/v2/query/a/b', '/_matrix/key/v1/server', `${KEYS}/a/b`],
      ...['/_matrix/federation/v1/nothing', '/graphql', '/metrics', '/health', '/_matrix/federation/v1/version/'],
    ];
    for (const path of unknown)
      for (const method of ['GET', 'PUT', 'POST'])
        expectError(await rawRequest(port, { method, path, body: '{}' }), 404, 'M_UNRECOGNIZED', `${method} ${path}`);
    for (const path of [KEYS, `${KEYS}/x`, `${FEDERATION}/version`, `${FEDERATION}/query/profile`])
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH'])
        expectError(await rawRequest(port, { method, path }), 405, 'M_UNRECOGNIZED', `${method} ${path}`);
    expectError(await rawRequest(port, { method: 'GET', path: `${KEYS}/%00` }), 400, 'M_BAD_JSON');
    expectError(await rawRequest(port, { method: 'GET', path: `${KEYS}/%zz` }), 400, 'M_INVALID_PARAM');
    // What is for clients is not found here, nor there what is for servers.
    for (const path of ['/_matrix/client/versions', '/_matrix/client/v3/login', '/_matrix/client/v3/sync'])
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status, path).toBe(404);
    for (const path of [KEYS, `${FEDERATION}/query/profile`])
      expect((await fetch(`${server.url}${path}`)).status, path).toBe(404);
  });

  it('is not there unless it is asked for: servers are answered where clients are', async () => {
    const server = await start(0, { FEDERATION_LISTEN: '' });
    expect(server.output().out).not.toContain('Servers ');
    const told = await rawRequest(server.port, { method: 'GET', path: KEYS });
    expect(told.json).toMatchObject({ server_name: 'localhost:18448' });
    expectSigned(told.json);
    expectError(
      await rawRequest(server.port, { method: 'GET', path: `${FEDERATION}/query/profile` }),
      401,
      'M_UNAUTHORIZED',
    );
    expectError(await rawRequest(server.port, { method: 'GET', path: `${FEDERATION}/nothing` }), 404, 'M_UNRECOGNIZED');
    expectError(await rawRequest(server.port, { method: 'PUT', path: `${FEDERATION}/version` }), 405, 'M_UNRECOGNIZED');
  });
});

describe('a listener that cannot be opened', () => {
  const run = async (env: Readonly<Record<string, string>>) => {
    const { code, log } = await runRole(['serve'], {
      ...{
        DATABASE_URL: database.url,
        DATA_DIR: dataDir,
        CLIENT_LISTEN: '127.0.0.1:0',
        FEDERATION_LISTEN: '127.0.0.1:0',
      },
      ...env,
    });
    return { code, log };
  };

  it('ends the start, naming the variable and not what it held', async () => {
    await mkdir(join(dataDir, 'folder'));
    const chain = join(dataDir, 'chain.pem');
    const half = await run({ FEDERATION_TLS_CERT: chain });
    expect(half).toMatchObject({ code: 2, log: expect.stringContaining('belong together') });
    const missing = await run({
      FEDERATION_TLS_CERT: chain,
      FEDERATION_TLS_KEY: join(dataDir, 'secret-name'),
    });
    expect(missing).toMatchObject({
      code: 1,
      log: expect.stringContaining('FEDERATION_TLS_KEY cannot be read: ENOENT'),
    });
    expect(missing.log).not.toContain('secret-name');
    const folder = await run({ FEDERATION_CA_FILE: join(dataDir, 'folder') });
    expect(folder).toMatchObject({
      code: 1,
      log: expect.stringContaining('FEDERATION_CA_FILE cannot be read: EISDIR'),
    });
    const noPem = await run({ FEDERATION_CA_FILE: join(dataDir, 'signing.key') });
    expect(noPem).toMatchObject({ code: 1, log: expect.stringContaining('FEDERATION_CA_FILE holds no PEM') });
  });
});

/** The program as its user runs it: started, adopted after a kill, drained, refused on somebody else's data. */
import { existsSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { passwordFileOf } from '../../src/database/embedded-postgres.ts';
import { knockRoom, register, request, type Client } from '../support/client.ts';
import { embeddedProcess, lockFile } from '../support/embedded.ts';
import { freePort } from '../support/free-port.ts';
import { launchServer, runRole, startServer, temporaryFolder, type TestServer } from '../support/server.ts';

let dataDir: string;
let server: TestServer;

beforeAll(async () => {
  dataDir = await temporaryFolder();
  server = await startServer({ dataDir });
});

afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

describe('a first start', () => {
  it('prints the addresses and a link that makes an admin once', async () => {
    const { out } = server.output();
    expect(out).toContain(server.url);
    const link = /http:\S+\/_vestibule\/admin-link\/\S+/.exec(out)?.[0] ?? '';
    expect((await fetch(link)).status).toBe(200);
    const form = (username: string): RequestInit => ({
      method: 'POST',
      body: new URLSearchParams({ username, password: 'correct horse battery' }),
    });
    expect((await fetch(link, form('Not A Name!'))).status).toBe(400);
    const made = await fetch(link, form('root'));
    expect(made.status).toBe(200);
    expect(await made.text()).toContain('@root:localhost:8448');
    expect((await fetch(link, form('root2'))).status).toBe(404);
    const login = await request(server.url, 'POST', '/login', {
      body: {
        type: 'm.login.password',
        identifier: { type: 'm.id.user', user: 'root' },
        password: 'correct horse battery',
      },
    });
    expect(login).toMatchObject({ status: 200, body: { user_id: '@root:localhost:8448' } });
  });

  it('makes a signing key that only its owner reads', async () => {
    expect((await stat(join(dataDir, 'signing.key'))).mode & 0o777).toBe(0o600);
  });

  it('makes a Postgres that lets in nobody without the password, which only its owner reads', async () => {
    const { url } = await embeddedProcess(dataDir);
    const without = new URL(url);
    without.password = 'a guess';
    const asked = async (address: string): Promise<unknown> => {
      const client = new pg.Client({ connectionString: address });
      await client.connect();
      await client.end();
      return 'let in';
    };
    expect(await asked(url)).toBe('let in');
    await expect(asked(without.href)).rejects.toMatchObject({ code: '28P01' });
    expect((await stat(passwordFileOf(join(dataDir, 'postgres')))).mode & 0o777).toBe(0o600);
  });

  it('shows the addresses at / and nothing from outside', async () => {
    const page = await fetch(server.url);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await page.text();
    expect(html).toContain('/graphql');
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//);
  });

  it('is healthy, and shows its figures', async () => {
    const health = await request(server.url, 'GET', '/_vestibule/../health');
    expect(health).toMatchObject({ status: 200, body: { database: 'ok', warnings: [] } });
    const metrics = (await (await fetch(`${server.url}/metrics`)).text()).split('\n');
    const names = [
      ...['vestibule_append_seconds_bucket', 'vestibule_append_batch_events_bucket', 'vestibule_lanes'],
      ...['vestibule_knock_oldest_pending_seconds', 'vestibule_knocks_pending', 'vestibule_reader_lag_positions'],
    ];
    for (const name of names)
      expect(
        metrics.some((line) => line.startsWith(name)),
        name,
      ).toBe(true);
  });
});

describe('a server that was killed', () => {
  it('adopts its Postgres, and everybody finds everything as it was', async () => {
    const owner = await register(server.url, 'owner');
    const roomId = await knockRoom(owner);
    const kim = await register(server.url, 'kim');
    await kim.ok('POST', `/knock/${roomId}`, { reason: 'hello' });
    const before = (await embeddedProcess(dataDir)).pid;
    await server.kill();
    server = await startServer({ dataDir });
    expect((await embeddedProcess(dataDir)).pid).toBe(before);
    expect(server.output().log).toContain('the embedded Postgres runs already');
    const again: Client = {
      ...kim,
      call: (method, path, body) => request(server.url, method, path, { token: kim.token, body }),
    };
    const sync = await again.call('GET', '/sync');
    expect(Object.keys(sync.body.rooms.knock)).toEqual([roomId]);
  });
});

describe('a server that is told to stop', () => {
  it('answers open long polls, ends with 0, and takes its Postgres down', async () => {
    const lee = await register(server.url, 'lee');
    const { next_batch } = await lee.ok('GET', '/sync');
    const poll = lee.call('GET', `/sync?since=${next_batch}&timeout=30000`);
    await sleep(200);
    expect(existsSync(lockFile(dataDir))).toBe(true);
    const ended = server.stop();
    expect(await poll).toMatchObject({ status: 200, body: { next_batch } });
    expect(await ended).toBe(0);
    expect(existsSync(lockFile(dataDir))).toBe(false);
    server = await startServer({ dataDir });
  });
});

describe('a second server on the same data', () => {
  it('waits, and takes over when the first one is gone', async () => {
    const port = await freePort();
    const waiting = await launchServer({ dataDir, port });
    await waiting.says('waiting to take over');
    await expect(fetch(`http://127.0.0.1:${port}/_matrix/client/versions`)).rejects.toThrow();
    await server.kill();
    server = waiting;
    await server.answering();
    await register(server.url, 'after-the-change');
  });
});

describe('what cannot be', () => {
  it('another name on the same data is refused', async () => {
    const refused = await runRole(['migrate'], { DATA_DIR: dataDir, SERVER_NAME: 'other.example' });
    expect(refused.code).toBe(1);
    expect(refused.log).toContain('belongs to localhost:8448');
  });

  it('an address that is taken is told, and everything goes down again', async () => {
    const taken = createServer();
    const port = await freePort();
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    const [address, other] = [`127.0.0.1:${port}`, `127.0.0.1:${await freePort()}`];
    const folder = await temporaryFolder();
    try {
      for (const env of [{ CLIENT_LISTEN: address }, { CLIENT_LISTEN: other, FEDERATION_LISTEN: address }]) {
        const variable = Object.keys(env).at(-1)!;
        const refused = await runRole(['serve'], { DATA_DIR: folder, ...env });
        expect(refused).toMatchObject({ code: 1, out: '' });
        expect(refused.log).toContain(`Cannot listen at ${address}, which ${variable} names: another program listens`);
        expect(existsSync(lockFile(folder))).toBe(false);
      }
      const reader = await runRole(['serve', '--read'], { DATA_DIR: folder, CLIENT_LISTEN: address });
      expect(reader).toMatchObject({ code: 1, out: '', log: expect.stringContaining('CLIENT_LISTEN') });
    } finally {
      taken.close();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('every mistake in the environment is told at once, without repeating what was given', async () => {
    const env = { DATABASE_URL: 'mysql://secret', CLIENT_LISTEN: 'here', REGISTRATION: 'maybe', LOG_LEVEL: 'loud' };
    const refused = await runRole([], env);
    expect(refused.code).toBe(2);
    for (const name of Object.keys(env)) expect(refused.log).toContain(name);
    expect(refused.log).not.toContain('secret');
  });

  it('an unknown role or option is refused with the usage, and --help tells it', async () => {
    expect(await runRole(['dance'], {})).toMatchObject({ code: 2, log: expect.stringContaining('create-user') });
    expect(await runRole(['verify', '--fast'], {})).toMatchObject({ code: 2, log: expect.stringContaining('--json') });
    expect(await runRole(['--help'], {})).toMatchObject({ code: 0, out: expect.stringContaining('ERASURE_LEDGER') });
    expect(await runRole(['rebuild', '--help'], {})).toMatchObject({
      code: 0,
      out: expect.stringContaining('--compare'),
    });
  });

  it('a log whose signing key is gone does not get a new one', async () => {
    const env = { DATA_DIR: dataDir, SIGNING_KEY_FILE: join(dataDir, 'elsewhere.key') };
    const refused = await runRole(['migrate'], env);
    expect(refused).toMatchObject({ code: 1, log: expect.stringContaining('elsewhere.key is gone') });
  });
});

describe('the roles', () => {
  it('verify and rebuild end with 0 on a sound log, while it is served', async () => {
    const env = { DATA_DIR: dataDir };
    expect(await runRole(['verify'], env)).toMatchObject({ code: 0, out: expect.stringContaining('Clean.') });
    expect(await runRole(['rebuild', '--compare'], env)).toMatchObject({
      code: 0,
      out: expect.stringContaining('no differences'),
    });
    expect((await request(server.url, 'GET', '/_matrix/client/versions')).status).toBe(200);
  });

  it('create-user makes an account that can sign in, and a taken name is refused', async () => {
    const env = { DATA_DIR: dataDir };
    expect(await runRole(['create-user', 'Boss', '--admin'], env, 'a long password\n')).toMatchObject({ code: 0 });
    const body = {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: 'boss' },
      password: 'a long password',
    };
    expect(await request(server.url, 'POST', '/login', { body })).toMatchObject({ status: 200 });
    expect((await runRole(['create-user', 'boss'], env, 'x\n')).code).toBe(1);
  });
});

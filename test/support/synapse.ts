/** A real Synapse as another homeserver: a process of its own on SQLite, with TLS, on this machine. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parseServerName, type ServerName } from '../../src/matrix/identifiers.ts';
import type { Authority } from './certificates.ts';
import { register, requestOf, type Client } from './client.ts';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

export interface Synapse {
  readonly name: ServerName;
  /** Of its client API. */
  readonly url: string;
  /** Registers a user. */
  person(name: string): Promise<Client>;
  /** Ends it and starts it again, on the same data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it and waits until it answers. It trusts the authority, and is called `localhost` and a port. */
export async function startSynapse(python: string, authority: Authority): Promise<Synapse> {
  const home = await mkdtemp(join(tmpdir(), 'vestibule-synapse-'));
  const [clients, servers] = [await freePort(), await freePort()];
  const { cert, key } = await authority.certify();
  await Promise.all([
    writeFile(join(home, 'chain.pem'), cert),
    writeFile(join(home, 'key.pem'), key),
    writeFile(join(home, 'ca.pem'), authority.ca),
  ]);
  const config = join(home, 'homeserver.yaml');
  // JSON is YAML.
  await writeFile(config, JSON.stringify(settings(home, clients, servers)));
  const program = ['-m', 'synapse.app.homeserver', '--config-path', config];
  await run(python, [...program, '--generate-keys'], { cwd: home });
  let running = await startProcess(python, program, home, clients);
  return {
    name: parseServerName(`localhost:${servers}`)!,
    url: running.url,
    person: (name) => register(running.url, name, undefined, requestOf),
    async restart() {
      await running.end();
      running = await startProcess(python, program, home, clients);
    },
    async stop() {
      await running.end();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Resolves when it answers. */
async function startProcess(
  python: string,
  program: readonly string[],
  home: string,
  port: number,
): Promise<{ readonly url: string; readonly end: () => Promise<void> }> {
  const child = spawn(python, program, { cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-4_000)));
  const gone = once(child, 'close');
  const url = `http://127.0.0.1:${port}`;
  while (!(await isUp(url))) {
    if (child.exitCode !== null) throw new Error(`Synapse ended: ${complaint}`);
    await sleep(200);
  }
  return {
    url,
    async end() {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

const isUp = (url: string): Promise<boolean> =>
  fetch(`${url}/_matrix/client/versions`).then(
    ({ ok }) => ok,
    () => false,
  );

function settings(home: string, clients: number, servers: number): object {
  const free = { per_second: 1e6, burst_count: 1e6 };
  const listener = { bind_addresses: ['127.0.0.1'], type: 'http' };
  return {
    server_name: `localhost:${servers}`,
    pid_file: join(home, 'synapse.pid'),
    signing_key_path: join(home, 'signing.key'),
    media_store_path: join(home, 'media'),
    tls_certificate_path: join(home, 'chain.pem'),
    tls_private_key_path: join(home, 'key.pem'),
    listeners: [
      { ...listener, port: clients, tls: false, resources: [{ names: ['client'] }] },
      { ...listener, port: servers, tls: true, resources: [{ names: ['federation'] }] },
    ],
    database: { name: 'sqlite3', args: { database: join(home, 'synapse.db') } },
    report_stats: false,
    enable_registration: true,
    enable_registration_without_verification: true,
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    federation_custom_ca_list: [join(home, 'ca.pem')],
    ip_range_blacklist: [],
    federation: { destination_min_retry_interval: '1s', destination_max_retry_interval: '5s' },
    presence: { enabled: false },
    rc_message: free,
    rc_registration: free,
    rc_login: { address: free, account: free, failed_attempts: free },
    rc_joins: { local: free, remote: free },
    rc_joins_per_room: free,
    rc_room_creation: free,
    rc_federation: { window_size: 1_000, sleep_limit: 10_000, sleep_delay: 1, reject_limit: 10_000, concurrent: 100 },
    rc_invites: { per_room: free, per_user: free, per_issuer: free },
  };
}

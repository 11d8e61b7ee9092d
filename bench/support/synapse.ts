/** A real Synapse to compare with: a process of its own, on a database of the benchmark's Postgres. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonEnvironment } from '../../test/support/python-environment.ts';
import { freePort } from '../../test/support/free-port.ts';

const run = promisify(execFile);
const FILL = fileURLToPath(new URL('synapse_members.py', import.meta.url));
const SERVER_NAME = 'synapse.bench';

export interface Synapse {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  /** Of the API for other servers, plain HTTP. */
  readonly serverPort: number;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Of the process that runs. */
  pid(): number;
  /** Writes members into a room, and people who knock on it, while it does not run. */
  fill(roomId: string, members: number, knocks: number): Promise<void>;
  remove(): Promise<void>;
}

/** Installs Synapse when it is not there yet. `ca` (PEM): whose certificates of other servers it believes. Its limits are lifted, and no answer of /sync is kept for the next one. */
export async function prepareSynapse(databaseUrl: string, ca: string | null = null): Promise<Synapse> {
  const environment = await pythonEnvironment({
    name: 'postgres',
    what: 'Synapse on Postgres, to compare with',
    requirements: 'bench/requirements.txt',
    module: 'psycopg2, synapse.app.homeserver',
  });
  if ('missing' in environment) throw new Error(`Synapse could not be installed: ${environment.missing}`);
  const { python } = environment;
  const home = await mkdtemp(join(tmpdir(), 'vestibule-synapse-'));
  const [port, serverPort] = [await freePort(), await freePort()];
  if (ca !== null) await writeFile(join(home, 'ca.pem'), ca);
  const config = join(home, 'homeserver.yaml');
  await writeFile(config, JSON.stringify(settings(home, port, serverPort, ca !== null, new URL(databaseUrl))));
  await run(python, ['-m', 'synapse.app.homeserver', '--config-path', config, '--generate-keys'], { cwd: home });
  const url = `http://127.0.0.1:${port}`;
  let pid = 0;
  let end = async (): Promise<void> => undefined;
  return {
    name: SERVER_NAME,
    url,
    port,
    serverPort,
    async start() {
      const child = spawn(python, ['-m', 'synapse.app.homeserver', '--config-path', config], {
        cwd: home,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      pid = child.pid!;
      let complaint = '';
      child.stderr.on('data', (chunk: Buffer) => (complaint = `${complaint}${chunk.toString()}`.slice(-4_000)));
      const gone = once(child, 'close');
      end = async () => {
        child.kill('SIGTERM');
        await gone;
      };
      while (!(await isUp(url))) {
        if (child.exitCode !== null) throw new Error(`Synapse ended: ${complaint}`);
        await sleep(200);
      }
    },
    stop: () => end(),
    pid: () => pid,
    async fill(roomId, members, knocks) {
      const counts = [String(members), String(knocks)];
      await run(python, [FILL, databaseUrl, roomId, ...counts, SERVER_NAME], { maxBuffer: 1e7 });
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

const isUp = (url: string): Promise<boolean> =>
  fetch(`${url}/_matrix/client/versions`).then(
    ({ ok }) => ok,
    () => false,
  );

/** JSON is YAML. */
function settings(home: string, port: number, serverPort: number, hasCa: boolean, database: URL): object {
  const free = { per_second: 1e6, burst_count: 1e6 };
  const listener = { bind_addresses: ['127.0.0.1'], type: 'http', tls: false };
  return {
    server_name: SERVER_NAME,
    pid_file: join(home, 'synapse.pid'),
    signing_key_path: join(home, 'signing.key'),
    media_store_path: join(home, 'media'),
    listeners: [
      { ...listener, port, resources: [{ names: ['client'] }] },
      { ...listener, port: serverPort, resources: [{ names: ['federation'] }] },
    ],
    ...(hasCa ? { federation_custom_ca_list: [join(home, 'ca.pem')] } : {}),
    ip_range_blacklist: [],
    rc_federation: { window_size: 1_000, sleep_limit: 100_000, sleep_delay: 1, reject_limit: 100_000, concurrent: 200 },
    rc_joins_per_room: free,
    database: {
      name: 'psycopg2',
      args: {
        host: database.hostname,
        port: Number(database.port),
        user: decodeURIComponent(database.username),
        password: decodeURIComponent(database.password),
        dbname: database.pathname.slice(1),
        cp_min: 5,
        cp_max: 10,
      },
    },
    report_stats: false,
    enable_registration: true,
    enable_registration_without_verification: true,
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    presence: { enabled: false },
    caches: { sync_response_cache_duration: '0s' },
    rc_message: free,
    rc_registration: free,
    rc_login: { address: free, account: free, failed_attempts: free },
    rc_joins: { local: free, remote: free },
    rc_room_creation: free,
    rc_invites: { per_room: free, per_user: free, per_issuer: free },
  };
}

/** The embedded Postgres: finds the binaries, makes the data directory, starts, adopts and stops the server. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { clusterFolder } from './cluster-folder.ts';
import { findBinaries, type Account, type Binaries } from './postgres-binaries.ts';

const run = promisify(execFile);

export interface EmbeddedPostgres {
  readonly url: string;
  /** The server ran already: the process that started it was killed. */
  readonly adopted: boolean;
  readonly pid: number;
  /** Checkpoints and stops the server. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** Made when it is missing. */
  readonly dataDir: string;
  /** Makes the password of a new cluster: letters, digits, `_` and `-`, unguessable. */
  readonly newPassword: () => string;
  readonly onProgress?: (message: string) => void;
  /** postgresql.conf settings by name; tests make their servers forgetful with them. */
  readonly settings?: Readonly<Record<string, string>>;
}

const PORT_FILE = 'vestibule.port';

interface Cluster extends Binaries {
  readonly dir: string;
  readonly options: {
    readonly uid?: number;
    readonly gid?: number;
    readonly cwd: string;
    readonly env: Record<string, string>;
  };
}

/**
 * Starts the server of a data directory, on a free port of 127.0.0.1 that it keeps, as an unprivileged account when run
 * by root, with a password that a file beside the directory keeps. One that is still up is adopted. Rejects with the server's own last words when it does not come up.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const progress = options.onProgress ?? (() => undefined);
  const binaries = await findBinaries();
  const dir = await clusterFolder(resolve(options.dataDir), { account: binaries.account, onProgress: progress });
  const cluster: Cluster = { ...binaries, dir, options: spawnOptions(binaries.account, dir) };
  if (!existsSync(join(dir, 'PG_VERSION'))) await initialise(cluster, options.newPassword(), progress);
  const password = await readPassword(dir);
  const running = await findRunning(cluster);
  if (running !== null) return describe(cluster, running, password, true);
  const port = await keptPort(cluster);
  await start(cluster, port, options.settings ?? {});
  const started = await readLock(cluster);
  if (started === null) throw new Error('the embedded Postgres wrote no lock file');
  return describe(cluster, started, password, false);
}

function spawnOptions(account: Account | null, dir: string): Cluster['options'] {
  // Of the environment nothing: PGOPTIONS, PGDATA and the like are meant for other servers.
  const env = { LC_ALL: 'C', TZ: 'UTC', HOME: dir, PATH: '/usr/bin:/bin' };
  return { ...account, cwd: '/', env };
}

async function initialise(
  { bin, dir, account, options }: Cluster,
  password: string,
  progress: (message: string) => void,
): Promise<void> {
  progress('making the database (the first start takes a few seconds)');
  // An empty folder that was there may be somebody else's.
  if (account !== null) await chown(dir, account.uid, account.gid);
  const file = await keepPassword(dir, account, password);
  // Every account of this machine reaches the port; whoever knew no password could otherwise run programs as the server.
  const access = ['-U', 'vestibule', '-A', 'scram-sha-256', '--pwfile', file];
  const how = ['-E', 'UTF8', '--locale=C', '--data-checksums', '--no-instructions'];
  await run(bin('initdb'), ['-D', dir, ...access, ...how], options);
}

/** Beside the cluster's own directory, which has to be empty when it is made. */
export function passwordFileOf(dir: string): string {
  return `${dir}.password`;
}

async function keepPassword(dir: string, account: Account | null, password: string): Promise<string> {
  const file = passwordFileOf(dir);
  await writeFile(file, `${password}\n`, { mode: 0o600, flag: 'wx' }).catch((error: NodeJS.ErrnoException) => {
    // Whoever else makes one at the same time: the first stays.
    if (error.code !== 'EEXIST') throw error;
  });
  if (account !== null) await chown(file, account.uid, account.gid);
  return file;
}

async function readPassword(dir: string): Promise<string> {
  const file = passwordFileOf(dir);
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new Error(`the password of the embedded Postgres cannot be read from ${file}`, { cause: error });
  }
}

async function start(
  { bin, dir, options }: Cluster,
  port: number,
  extra: Readonly<Record<string, string>>,
): Promise<void> {
  const settings = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    // None: nothing here uses one, and the lock file of one would outlive a server that was killed.
    unix_socket_directories: '',
    max_connections: '100',
    ...extra,
  };
  const flags = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  const log = join(dir, 'server.log');
  try {
    await run(bin('pg_ctl'), ['-D', dir, '-w', '-t', '60', '-l', log, '-o', flags.join(' '), 'start'], options);
  } catch {
    const words = await readFile(log, 'utf8').catch(() => '');
    throw new Error(`the embedded Postgres did not start:\n${words.split('\n').slice(-8).join('\n')}`);
  }
}

interface Lock {
  readonly pid: number;
  readonly port: number;
}

async function readLock({ dir }: Cluster): Promise<Lock | null> {
  const text = await readFile(join(dir, 'postmaster.pid'), 'utf8').catch(() => '');
  const [pid, , , port] = text.split('\n');
  return pid === undefined || port === undefined ? null : { pid: Number(pid), port: Number(port) };
}

/** A server that outlived its parent; null when there is none. A lock that a dead one left is taken away. */
async function findRunning(cluster: Cluster): Promise<Lock | null> {
  const lock = await readLock(cluster);
  if (lock === null) return null;
  const alive = await run(cluster.bin('pg_ctl'), ['-D', cluster.dir, 'status'], cluster.options).then(
    () => true,
    () => false,
  );
  if (!alive) return null;
  for (let tried = 0; tried < 50; tried += 1) {
    if (await accepts(lock.port)) return lock;
    // A zombie that nobody reaped looks alive to pg_ctl.
    if (await isZombie(lock.pid)) break;
    await delay(100);
  }
  if (await isZombie(lock.pid)) {
    await rm(join(cluster.dir, 'postmaster.pid'));
    return null;
  }
  throw new Error(`a Postgres (process ${lock.pid}) holds ${cluster.dir} and does not answer on port ${lock.port}`);
}

async function isZombie(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return /^State:\s+Z/m.test(status);
}

function accepts(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      answer(true);
    });
    socket.on('error', () => answer(false));
  });
}

/** The port of last time when it is free, so that addresses in shells and tools stay good; else a new one. */
async function keptPort({ dir }: Cluster): Promise<number> {
  const file = join(dir, PORT_FILE);
  const kept = Number(await readFile(file, 'utf8').catch(() => '0'));
  const port = (await freePort(kept)) ?? (await freePort(0));
  if (port === null) throw new Error('no free port on 127.0.0.1 for the embedded Postgres');
  await writeFile(file, String(port));
  return port;
}

function freePort(wanted: number): Promise<number | null> {
  return new Promise((answer) => {
    const probe = createServer();
    probe.on('error', () => answer(null));
    probe.listen(wanted, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : null;
      probe.close(() => answer(port));
    });
  });
}

function describe(cluster: Cluster, { pid, port }: Lock, password: string, adopted: boolean): EmbeddedPostgres {
  const { bin, dir, options } = cluster;
  return {
    url: `postgres://vestibule:${password}@127.0.0.1:${port}/postgres`,
    adopted,
    pid,
    async stop() {
      await run(bin('pg_ctl'), ['-D', dir, '-m', 'fast', '-w', 'stop'], options);
    },
  };
}

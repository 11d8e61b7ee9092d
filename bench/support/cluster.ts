/**
 * A Postgres of a benchmark's own in a temporary folder: the embedded one with the settings it has in production, or with
 * BENCH_POSTGRES=system the machine's own.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newSecret } from '../../src/accounts/secrets.ts';
import { openDatabase, type Database } from '../../src/database/database.ts';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { migrate } from '../../src/database/migrate.ts';
import { findSystemPostgres, startSystemPostgres } from '../../test/support/system-postgres.ts';

export interface Cluster {
  /** Of the superuser, any database. */
  readonly url: string;
  /** The postmaster. */
  readonly pid: number;
  /** A migrated database, or a copy of `from`, which nobody may be connected to. */
  create(name: string, from?: string): Promise<BenchDatabase>;
  /** The URL of an empty database that sorts by bytes, as Synapse asks for. */
  createPlain(name: string): Promise<string>;
  drop(name: string): Promise<void>;
  /** Writes out what is dirty, so that no contender pays for the one before it. */
  checkpoint(): Promise<void>;
  stop(): Promise<void>;
}

export interface BenchDatabase {
  readonly url: string;
  /** With the service's rights, as the server has them. */
  readonly service: Database;
  readonly owner: Database;
  close(): Promise<void>;
}

export async function startCluster(): Promise<Cluster> {
  const server = await (process.env['BENCH_POSTGRES'] === 'system' ? startSystem() : startEmbedded());
  const admin = openDatabase({ url: server.url, role: 'owner', max: 1 });
  const say = (statement: string) => admin.pool.query(statement);
  const stop = () => server.stop();
  // Postgres does not end with the process that started it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void stop().finally(() => process.exit(1)));
  }
  return {
    url: server.url,
    pid: server.pid,
    async create(name, from) {
      await say(`create database ${name} ${from === undefined ? '' : `template ${from} strategy file_copy`}`);
      const database = open(server.url, name);
      if (from === undefined) await migrate(database.owner);
      return database;
    },
    async createPlain(name) {
      await say(`create database ${name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`);
      return urlOf(server.url, name);
    },
    drop: async (name) => void (await say(`drop database ${name} with (force)`)),
    checkpoint: async () => void (await say('checkpoint')),
    async stop() {
      await admin.close();
      await stop();
    },
  };
}

interface Server {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

async function startEmbedded(): Promise<Server> {
  const home = await mkdtemp(join(tmpdir(), 'vestibule-bench-'));
  // The server may run as an account of its own, which has to pass through here.
  await chmod(home, 0o755);
  const server = await startEmbeddedPostgres({
    dataDir: join(home, 'postgres'),
    newPassword: () => newSecret('postgres'),
  });
  return {
    url: server.url,
    pid: server.pid,
    async stop() {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function startSystem(): Promise<Server> {
  const installed = findSystemPostgres();
  if (installed === null) throw new Error("this machine has no Postgres of Debian's");
  return startSystemPostgres(installed);
}

let copies = 0;

/** A database for one use: a copy of `from`, dropped afterwards. */
export async function withCopy<T>(
  cluster: Cluster,
  from: string,
  use: (database: BenchDatabase) => Promise<T>,
): Promise<T> {
  const name = `copy_${++copies}`;
  const database = await cluster.create(name, from);
  try {
    return await use(database);
  } finally {
    await database.close();
    await cluster.drop(name);
  }
}

function open(server: string, name: string): BenchDatabase {
  const url = urlOf(server, name);
  const service = openDatabase({ url, max: 20 });
  const owner = openDatabase({ url, role: 'owner', max: 2 });
  return {
    url,
    service,
    owner,
    async close() {
      await service.close();
      await owner.close();
    },
  };
}

function urlOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

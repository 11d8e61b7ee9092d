/** One Postgres for a test run: an embedded server of its own, or the one that TEST_DATABASE_URL names. And where Redis is. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { newSecret } from '../../src/accounts/secrets.ts';
import { migrate } from '../../src/database/migrate.ts';
import { openDatabase } from '../../src/database/database.ts';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { prepareQueue } from '../../src/queue/queue.ts';
import { findProgram, tell } from './programs.ts';
import type { RedisHome } from './redis.ts';
import { findSystemPostgres } from './system-postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a user who may create databases. */
    readonly postgresUrl: string;
    /** A migrated database that test files copy. */
    readonly template: string;
    /** Null: there is none on this machine, and that was said. */
    readonly redis: RedisHome | null;
  }
}

/** A Postgres for a test run; `url` is of a user who may create databases. */
export interface TestServer {
  readonly url: string;
  stop(): Promise<void>;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  project.provide('redis', await redisHome());
  if (findSystemPostgres() === null)
    tell("No Postgres of the machine's own: THE SECOND RUN ON AN OLDER ONE IS LEFT OUT.");
  const given = process.env['TEST_DATABASE_URL'];
  tell(given === undefined ? 'Postgres: an embedded one for this run' : 'Postgres: the one of TEST_DATABASE_URL');
  return provideServer(project, given === undefined ? await embedded() : { url: given, stop: async () => undefined });
}

/** Makes the template and tells the tests of both; what it returns takes the template away and stops the server. */
export async function provideServer(project: TestProject, server: TestServer): Promise<() => Promise<void>> {
  const template = `vestibule_template_${process.pid}`;
  const end = async (): Promise<void> => {
    await onServer(server.url, `drop database if exists ${template} with (force)`);
    await server.stop();
  };
  try {
    await makeTemplate(server.url, template);
  } catch (error) {
    await end();
    throw error;
  }
  project.provide('postgresUrl', server.url);
  project.provide('template', template);
  return end;
}

async function makeTemplate(serverUrl: string, name: string): Promise<void> {
  await onServer(serverUrl, `create database ${name}`);
  const owner = openDatabase({ url: databaseUrl(serverUrl, name), role: 'owner', max: 1 });
  try {
    await migrate(owner);
  } finally {
    await owner.close();
  }
  await prepareQueue({ postgresUrl: databaseUrl(serverUrl, name) });
}

async function embedded(): Promise<TestServer> {
  const home = await mkdtemp(join(tmpdir(), 'vestibule-test-'));
  // The server may run as an account of its own, which has to pass through here.
  await chmod(home, 0o755);
  const server = await startEmbeddedPostgres({
    dataDir: join(home, 'postgres'),
    newPassword: () => newSecret('postgres'),
  });
  // The machine does not lose its power during a test, and a hundred and sixty databases are made and thrown away.
  await onServer(server.url, 'alter system set fsync = off');
  await onServer(server.url, 'alter system set full_page_writes = off');
  await onServer(server.url, 'select pg_reload_conf()');
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  };
  return { url: server.url, stop };
}

async function redisHome(): Promise<RedisHome | null> {
  const url = process.env['TEST_REDIS_URL'];
  if (url !== undefined) {
    tell('Redis: the database of TEST_REDIS_URL, which is emptied');
    return { url };
  }
  const names = ['redis-server', 'valkey-server'];
  const program = await findProgram({ names, debian: 'redis-server', tests: 'THE TESTS OF THE QUEUE ON REDIS' });
  if (program === null) return null;
  tell(`Redis: ${program}, a process for each test file`);
  return { program };
}

async function onServer(url: string, statement: string): Promise<void> {
  const admin = openDatabase({ url, role: 'owner', max: 1 });
  await admin.pool.query(statement);
  await admin.close();
}

function databaseUrl(url: string, name: string): string {
  const of = new URL(url);
  of.pathname = `/${name}`;
  return of.href;
}

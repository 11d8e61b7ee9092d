/** One Postgres for a test run: an embedded server of its own, or the one that TEST_DATABASE_URL names. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { migrate } from '../../src/database/migrate.ts';
import { openDatabase } from '../../src/database/database.ts';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { prepareQueue } from '../../src/queue/queue.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Of a user who may create databases. */
    readonly postgresUrl: string;
    /** A migrated database that test files copy. */
    readonly template: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env['TEST_DATABASE_URL'];
  const server = given === undefined ? await embedded() : { url: given, stop: async () => undefined };
  const template = `vestibule_template_${process.pid}`;
  await onServer(server.url, `create database ${template}`);
  const owner = openDatabase({ url: databaseUrl(server.url, template), role: 'owner', max: 1 });
  await migrate(owner);
  await owner.close();
  await prepareQueue({ postgresUrl: databaseUrl(server.url, template) });
  project.provide('postgresUrl', server.url);
  project.provide('template', template);
  return async () => {
    if (given !== undefined) await onServer(server.url, `drop database if exists ${template} with (force)`);
    await server.stop();
  };
}

async function embedded(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const home = await mkdtemp(join(tmpdir(), 'vestibule-test-'));
  // The server may run as an account of its own, which has to pass through here.
  await chmod(home, 0o755);
  const server = await startEmbeddedPostgres({ dataDir: join(home, 'postgres') });
  const stop = async (): Promise<void> => {
    await server.stop();
    await rm(home, { recursive: true, force: true });
  };
  return { url: server.url, stop };
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

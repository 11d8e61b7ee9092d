/** Migrations: once, whoever starts at the same time; refused by name on what they do not fit; without rights that are not given. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { newSecret } from '../../src/accounts/secrets.ts';
import { knock } from '../../src/commands/knock.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { openDatabase, type Database } from '../../src/database/database.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { migrate } from '../../src/database/migrate.ts';
import { prepareQueue } from '../../src/queue/queue.ts';
import { actor, everyKind, makeKnockRoom, openTestLog } from '../support/history.ts';

let root: Database;
let made = 0;

beforeAll(() => {
  root = openDatabase({ url: inject('postgresUrl'), role: 'owner', max: 1 });
});

afterAll(() => root.close());

/** Opens an empty database as its owner; as many times as asked. */
async function emptyDatabase(options = '', times = 1): Promise<readonly Database[]> {
  const name = `migrated_${process.pid}_${(made += 1)}`;
  await root.pool.query(`create database ${name} ${options}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  const opened = Array.from({ length: times }, () => openDatabase({ url: url.href, role: 'owner', max: 2 }));
  onTestFinished(async () => {
    for (const database of opened) await database.close();
    await root.pool.query(`drop database ${name} with (force)`);
  });
  return opened;
}

async function one(options = ''): Promise<Database> {
  return (await emptyDatabase(options))[0]!;
}

describe('processes that start at once', () => {
  it('migrate a new database once, and all of them can work on it', async () => {
    const owners = await emptyDatabase('', 4);
    const results = await Promise.all(owners.map((owner) => migrate(owner)));
    const applied = results.flatMap((result) => result.applied);
    expect(applied.length).toBeGreaterThan(5);
    expect(applied).toEqual([...new Set(applied)].sort());
    const known = await owners[0]!.pool.query<{ name: string }>('select name from migration_checksums order by name');
    expect(known.rows.map(({ name }) => name)).toEqual(applied);
    const heads = await owners[0]!.pool.query('select position, epoch from log_head');
    expect(heads.rows).toEqual([{ position: 0, epoch: 0 }]);
  });

  it('make the tables of the queue once', async () => {
    const owner = await one();
    await Promise.all(Array.from({ length: 4 }, () => prepareQueue({ postgresUrl: owner.url })));
    const { rows } = await owner.pool.query<{ tables: number }>(
      "select count(*)::int4 as tables from pg_tables where schemaname = 'bullmq'",
    );
    expect(rows[0]!.tables).toBeGreaterThan(3);
  });
});

describe('a database that does not fit', () => {
  it('is refused when Postgres is older than 15, by the version it names', async () => {
    const owner = await one();
    // A server of today that says of itself what an old one says.
    await owner.pool.query('create schema old');
    await owner.pool.query(
      `create function old.current_setting(name text) returns text language sql as
         $$ select case name when 'server_version_num' then '140019' else pg_catalog.current_setting(name) end $$`,
    );
    const { rows } = await owner.pool.query<{ name: string }>('select current_database() as name');
    await owner.pool.query(`alter database ${rows[0]!.name} set search_path = old, pg_catalog, public`);
    const later = openDatabase({ url: owner.url, role: 'owner', max: 1 });
    onTestFinished(() => later.close());
    await expect(migrate(later)).rejects.toThrow('Postgres 14 is too old: 15 or newer is needed');
    expect((await owner.pool.query("select from pg_tables where schemaname = 'public'")).rowCount).toBe(0);
  });

  it('is refused when it cannot hold every character', async () => {
    const owner = await one("encoding 'SQL_ASCII' locale 'C' template template0");
    await expect(migrate(owner)).rejects.toThrow('encoded in SQL_ASCII: one in UTF8 is needed');
  });

  it('is refused when a migration that it has was another one', async () => {
    const owner = await one();
    await migrate(owner);
    await owner.pool.query("update migration_checksums set checksum = 'another' where name = '0002_projections'");
    await expect(migrate(owner)).rejects.toThrow('migration 0002_projections has changed since it was applied here');
  });

  it('is refused when a newer version made it', async () => {
    const owner = await one();
    await migrate(owner);
    await owner.pool.query("insert into migration_checksums values ('9999_of_tomorrow', 'x')");
    await expect(migrate(owner)).rejects.toThrow('made by a newer version: it knows migration 9999_of_tomorrow');
  });

  it('is left as it was when a migration fails', async () => {
    const owner = await one();
    await owner.pool.query('create table knocks (in_the_way int)');
    await expect(migrate(owner)).rejects.toThrow('"knocks" already exists');
    const { rows } = await owner.pool.query<{ name: string }>(
      "select tablename as name from pg_tables where schemaname = 'public' order by 1",
    );
    expect(rows.map(({ name }) => name).filter((name) => !name.startsWith('kysely_'))).toEqual(['knocks']);
    await owner.pool.query('drop table knocks');
    expect((await migrate(owner)).applied.length).toBeGreaterThan(5);
  });
});

describe('an owner who may make no roles, on a server that never saw us', () => {
  let home: string;
  let server: EmbeddedPostgres;
  const opened: Database[] = [];
  const open = (role: 'owner' | 'service'): Database => {
    const url = new URL(server.url);
    [url.username, url.password, url.pathname] = ['tenant', 'secret', '/tenancy'];
    const database = openDatabase({ url: url.href, role, max: 10 });
    opened.push(database);
    return database;
  };

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'vestibule-tenant-'));
    await chmod(home, 0o755);
    const newPassword = (): string => newSecret('postgres');
    server = await startEmbeddedPostgres({ dataDir: join(home, 'postgres'), newPassword });
    const admin = openDatabase({ url: server.url, role: 'owner', max: 1 });
    await admin.pool.query("create role tenant login password 'secret'");
    await admin.pool.query('create database tenancy owner tenant');
    await admin.close();
  });

  afterAll(async () => {
    for (const database of opened) await database.close();
    await server.stop();
    await rm(home, { recursive: true, force: true });
  });

  it('has a log all the same, which the triggers alone guard', async () => {
    const owner = open('owner');
    expect((await migrate(owner)).applied.length).toBeGreaterThan(5);
    expect((await owner.pool.query("select from pg_roles where rolname = 'vestibule_service'")).rowCount).toBe(0);
    const service = open('service');
    const log = await openTestLog(service);
    const roomId = await makeKnockRoom(log.deps, 'boss');
    await everyKind(log.deps, roomId, 'boss', 'tenant');
    await knock(log.deps, actor('kim'), { roomId, reason: 'anybody there?' });
    const report = await verify({ pool: service.pool, identity: log.identity });
    await log.close();
    expect(report.findings).toEqual([]);
    await expect(service.pool.query('delete from events')).rejects.toThrow('events is append-only');
  });
});

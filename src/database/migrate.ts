/** Brings a database up to the migrations of this version; forward only, and never over a changed one. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { sql, type Kysely } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import type { Database } from './database.ts';

const FOLDER = new URL('../../migrations/', import.meta.url);
const OLDEST_POSTGRES = 15;

/**
 * Applies what is missing, under a lock: processes that start together migrate once.
 * Throws when Postgres is older than 15 or its database not UTF8, when a migration that was applied has changed since, and when the database
 * knows a migration that this version does not.
 */
export async function migrate(
  owner: Database,
  onProgress: (name: string) => void = () => undefined,
): Promise<{ readonly applied: readonly string[] }> {
  await refuseUnfit(owner);
  const files = await readMigrations();
  await refuseChanged(owner, files);
  const migrator = new Migrator({
    db: owner.db,
    provider: { getMigrations: async () => asMigrations(files, onProgress) },
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new Error('the migration failed', { cause: error });
  return { applied: (results ?? []).map((result) => result.migrationName) };
}

interface MigrationFile {
  readonly name: string;
  readonly text: string;
  readonly checksum: string;
}

async function readMigrations(): Promise<readonly MigrationFile[]> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (file) => {
      const text = await readFile(new URL(file, FOLDER), 'utf8');
      return { name: file.replace(/\.sql$/, ''), text, checksum: createHash('sha256').update(text).digest('hex') };
    }),
  );
}

function asMigrations(files: readonly MigrationFile[], onProgress: (name: string) => void): Record<string, Migration> {
  const up = (file: MigrationFile) => async (db: Kysely<unknown>) => {
    onProgress(file.name);
    await sql.raw(file.text).execute(db);
    await sql`create table if not exists migration_checksums (name text primary key, checksum text not null)`.execute(
      db,
    );
    await sql`insert into migration_checksums values (${file.name}, ${file.checksum})`.execute(db);
  };
  return Object.fromEntries(files.map((file) => [file.name, { up: up(file) }]));
}

async function refuseUnfit({ db }: Database): Promise<void> {
  const { rows } = await sql<{ version: number; encoding: string }>`
    select current_setting('server_version_num')::int4 / 10000 as version, current_setting('server_encoding') as encoding`.execute(
    db,
  );
  const { version, encoding } = rows[0]!;
  if (version < OLDEST_POSTGRES)
    throw new Error(`Postgres ${version} is too old: ${OLDEST_POSTGRES} or newer is needed`);
  if (encoding !== 'UTF8') throw new Error(`the database is encoded in ${encoding}: one in UTF8 is needed`);
}

async function refuseChanged({ db }: Database, files: readonly MigrationFile[]): Promise<void> {
  const { rows: known } = await sql<{
    known: boolean;
  }>`select to_regclass('migration_checksums') is not null as known`.execute(db);
  if (known[0]?.known !== true) return;
  const { rows } = await sql<{
    name: string;
    checksum: string;
  }>`select name, checksum from migration_checksums order by name`.execute(db);
  for (const row of rows) {
    const file = files.find(({ name }) => name === row.name);
    if (file === undefined) throw new Error(`the database was made by a newer version: it knows migration ${row.name}`);
    if (file.checksum !== row.checksum) throw new Error(`migration ${row.name} has changed since it was applied here`);
  }
}

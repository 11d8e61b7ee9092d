/**
 * Writes the tables' row types from the migrations: `npm run generate:tables`. With --check it writes nothing, and fails
 * when the committed types are not those of the migrations. The database is an embedded one of its own: what else a
 * developer's database holds does not get in.
 */
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generate, PostgresDialect } from 'kysely-codegen';
import { newSecret } from '../src/accounts/secrets.ts';
import { openDatabase } from '../src/database/database.ts';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.ts';
import { migrate } from '../src/database/migrate.ts';

const FILE = fileURLToPath(new URL('../src/database/tables.generated.ts', import.meta.url));
const NAME = relative(process.cwd(), FILE);

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
const types = await typesOfMigrations();
if (!values.check) {
  await writeFile(FILE, types);
  process.stdout.write(`${NAME} written\n`);
} else if ((await readFile(FILE, 'utf8').catch(() => '')) === types) {
  process.stdout.write(`${NAME} is what the migrations make\n`);
} else {
  process.stderr.write(`${NAME} is not what the migrations make: run \`npm run generate\`\n`);
  process.exitCode = 1;
}

async function typesOfMigrations(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'vestibule-tables-'));
  // The server may run as an account of its own, which has to pass through here.
  await chmod(home, 0o755);
  try {
    const server = await startEmbeddedPostgres({
      dataDir: join(home, 'postgres'),
      newPassword: () => newSecret('postgres'),
    });
    try {
      return await typesOf(server.url);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function typesOf(url: string): Promise<string> {
  const owner = openDatabase({ url, role: 'owner', max: 2 });
  try {
    await migrate(owner);
    // As the pool's parsers hand the values out.
    const typeMapping = { int8: 'number', timestamptz: 'Date' };
    return await generate({ db: owner.db, dialect: new PostgresDialect(), outFile: null, typeMapping });
  } finally {
    await owner.close();
  }
}

/** Opens what every role works on: the database, embedded or given, up to date; and the server's identity. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { newSecret } from '../accounts/secrets.ts';
import { openDatabase, type Database } from '../database/database.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../database/embedded-postgres.ts';
import { migrate } from '../database/migrate.ts';
import type { ServerIdentity } from '../matrix/signatures.ts';
import type { QueueHome } from '../queue/connection.ts';
import { prepareQueue } from '../queue/queue.ts';
import type { RoleContext } from './role.ts';
import { loadIdentity } from './server-identity.ts';

export interface Data {
  /** With the rights of the service. */
  readonly database: Database;
  /** With the owner's: VACUUM asks for them. */
  readonly owner: Database;
  readonly identity: ServerIdentity;
  readonly queueHome: QueueHome;
  /** Migrations that were applied. */
  readonly applied: readonly string[];
  /** Closes the pools; stops the embedded Postgres unless somebody else uses it. */
  close(): Promise<void>;
}

/** Rejects with an Error that says what is wrong with the database or the identity. */
export async function openData(context: RoleContext, maxConnections = 20): Promise<Data> {
  const { config, progress } = context;
  await mkdir(config.dataDir, { recursive: true });
  const embedded =
    config.databaseUrl === null
      ? await startEmbeddedPostgres({ dataDir: join(config.dataDir, 'postgres'), newPassword, onProgress: progress })
      : null;
  if (embedded?.adopted === true) context.log.info({ pid: embedded.pid }, 'the embedded Postgres runs already');
  const url = config.databaseUrl ?? embedded!.url;
  const owner = openDatabase({ url, role: 'owner', max: 3, applicationName: 'vestibule-owner' });
  const database = openDatabase({ url, max: maxConnections });
  const close = async (): Promise<void> => {
    await database.close();
    await owner.close();
    if (embedded !== null) await stopUnlessShared(context, embedded);
  };
  try {
    const { applied } = await reachable(migrate(owner, (name) => progress(`migrating: ${name}`)));
    const queueHome: QueueHome = config.redisUrl === null ? { postgresUrl: url } : { redisUrl: config.redisUrl };
    await prepareQueue(queueHome);
    return {
      database,
      owner,
      identity: await loadIdentity(database, config, context.now()),
      queueHome,
      applied,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

const LOOKS = 10;
const BETWEEN_LOOKS_MS = 100;

const newPassword = (): string => newSecret('postgres');

// A message of the driver ("connect ECONNREFUSED …") means little to whoever set a URL.
async function reachable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const unreachable = ['ECONNREFUSED', 'ENOTFOUND', 'ETIMEDOUT', 'EAI_AGAIN', '28P01', '28000', '3D000'];
    if (!unreachable.includes(code)) throw error;
    throw new Error(`The database of DATABASE_URL cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

async function stopUnlessShared({ log }: RoleContext, embedded: EmbeddedPostgres): Promise<void> {
  const probe = openDatabase({ url: embedded.url, role: 'owner', max: 1, applicationName: 'vestibule-probe' });
  const shared = await hasOthers(probe);
  await probe.close();
  if (shared) log.info('the embedded Postgres stays up: another process uses it');
  else await embedded.stop();
}

// Sessions of a process that has just ended take a moment to go.
async function hasOthers({ pool }: Database): Promise<boolean> {
  for (let looks = 1; ; looks += 1) {
    const { rows } = await pool.query<{ others: boolean }>(
      `select exists (select from pg_stat_activity where backend_type = 'client backend'
         and pid <> pg_backend_pid() and application_name <> 'vestibule-probe') as others`,
    );
    if (rows[0]?.others !== true || looks === LOOKS) return rows[0]?.others === true;
    await setTimeout(BETWEEN_LOOKS_MS);
  }
}

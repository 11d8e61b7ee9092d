/** The connection pool and its types: what reads take (`Db`), and how a connection becomes the service's. */
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import { parseInstant } from './instants.ts';
import { LOOK_UP_CONNECTIONS, planForLookUps, provideLookUps } from './look-ups.ts';
import { prepareAll, prepareMarked } from './prepared.ts';
import type { DB } from './tables.generated.ts';

export type Db = Kysely<DB>;
export type Tx = Transaction<DB>;

export interface Database {
  readonly db: Db;
  readonly pool: pg.Pool;
  readonly url: string;
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** `service` (default) gives up the owner's rights where the role exists; migrations and rebuilds keep them. */
  readonly role?: 'service' | 'owner';
  readonly max?: number;
  readonly applicationName?: string;
}

const CONNECT_TIMEOUT_MS = 15_000;
const INT8 = 20;
const INT8_ARRAY = 1016;

/**
 * Opens a pool, and two for look-ups beside it; nothing is connected yet. int8 comes back as number: positions and timestamps stay
 * below 2^53.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const name = options.applicationName ?? 'vestibule';
  const pool = openPool(options, { max: options.max ?? 10, application_name: name });
  pool.on('connect', prepareMarked);
  const [lookUps, snapshots] = ['look-ups', 'snapshots'].map((what) => {
    const its = openPool(options, { max: LOOK_UP_CONNECTIONS, application_name: `${name}-${what}` });
    its.on('connect', planForLookUps);
    return its;
  }) as [pg.Pool, pg.Pool];
  snapshots.on('connect', prepareAll);
  const [db, snapshotDb] = [pool, snapshots].map(
    (its) => new Kysely<DB>({ dialect: new PostgresDialect({ pool: its }) }),
  ) as [Db, Db];
  provideLookUps(db, { pool: lookUps, db: snapshotDb });
  const close = async (): Promise<void> => {
    await Promise.all([db.destroy(), snapshotDb.destroy(), lookUps.end()]);
    // Kysely does not end a pool of which it never took a connection itself.
    for (const its of [pool, snapshots]) if (!its.ending) await its.end();
  };
  return { db, pool, url: options.url, close };
}

const SETTINGS = '-c timezone=UTC';

function openPool({ url, role }: DatabaseOptions, config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    types: { getTypeParser },
    options: SETTINGS,
    // A database that is gone without a word: not to be waited for by every request until the system gives up.
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    // A batch sends all its statements at once and then waits: three round trips, not thirteen.
    pipeline: true,
    ...config,
  });
  // A connection that breaks fails the query on it, if there is one, and is replaced by the next. Without listeners it
  // would end the process: the pool hears it of idle connections only.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => void client.on('error', () => undefined));
  if (role !== 'owner') pool.on('connect', (client) => void client.query(TAKE_SERVICE_ROLE).catch(() => undefined));
  return pool;
}

const TAKE_SERVICE_ROLE =
  "select set_config('role', rolname, false) from pg_roles where rolname = 'vestibule_service' and pg_has_role(oid, 'member')";

function getTypeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === INT8) return Number;
  if (oid === INT8_ARRAY) return (text) => (text === '{}' ? [] : text.slice(1, -1).split(',').map(Number));
  if (oid === (pg.types.builtins.TIMESTAMPTZ as number) && format !== 'binary') return parseInstant;
  return pg.types.getTypeParser(oid, format) as (value: string) => unknown;
}

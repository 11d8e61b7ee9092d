/** Takes deleted words out of the data files: Postgres leaves the bytes of deleted rows in their pages until something overwrites them. */
import { setTimeout } from 'node:timers/promises';
import type { Pool, PoolClient } from 'pg';

export interface ScrubReport {
  readonly tables: readonly string[];
  /** Whether a checkpoint could be forced; without the right to, the old files go at the server's next one. */
  readonly checkpoint: boolean;
}

/** Every table that holds words somebody may ask to be rid of, except what is named in a proof. */
const TABLES_WITH_WORDS = [
  'event_content',
  'action_content',
  'idempotency',
  'knocks',
  'handshakes',
  'out_of_band',
  'profiles',
  'profile_fields',
  'devices',
  'account_data',
  'filters',
  'room_search',
  'member_words',
] as const;

const WAIT_FOR_READERS_MS = 60_000;
const POLL_MS = 200;

/**
 * Rewrites the tables that hold words, and the planner's samples of them, into new files. A plain VACUUM is not enough: it
 * frees the space and leaves the bytes. Writers of a table wait while it is rewritten, about a second per 300 MB of words.
 * `owner` connects as the tables' owner. Throws an Error when a transaction that can still see the old rows does not end
 * within a minute.
 */
export async function scrubFiles(
  owner: Pool,
  onProgress: (progress: { readonly table: string }) => void = () => undefined,
): Promise<ScrubReport> {
  const client = await owner.connect();
  try {
    await waitForReaders(client);
    for (const table of TABLES_WITH_WORDS) {
      onProgress({ table });
      await rewrite(client, table);
      await client.query(`analyze ${table}`);
      await dropSamplesOfNothing(client, table);
    }
    // ANALYZE keeps samples of the rows in the catalogue; those of before the erasure are dead rows there, which whoever
    // began meanwhile can still see.
    await waitForReaders(client);
    await rewrite(client, 'pg_catalog.pg_statistic');
    return { tables: TABLES_WITH_WORDS, checkpoint: await checkpoint(client) };
  } finally {
    client.release();
  }
}

// Dead rows are carried along also for the sake of sessions that nobody can see: one that is just connecting to another
// database counts as a reader of this one for a moment. So Postgres' own count of them is what tells.
async function rewrite(client: PoolClient, table: string): Promise<void> {
  for (let waited = 0; ; waited += POLL_MS) {
    let carried = 0;
    const count = ({
      routine,
      detail,
    }: {
      readonly routine?: string | undefined;
      readonly detail?: string | undefined;
    }) => {
      if (routine === 'copy_table_data') carried += Number(/\d+/.exec(detail ?? '')?.[0] ?? 0);
    };
    client.on('notice', count);
    await client.query(`vacuum (full, verbose) ${table}`).finally(() => client.off('notice', count));
    if (carried === 0) return;
    if (waited >= WAIT_FOR_READERS_MS)
      throw new Error(`${carried} deleted rows of ${table} are still kept for somebody.`);
    await setTimeout(POLL_MS);
  }
}

// Of a table without rows ANALYZE takes no samples and leaves the old ones standing; giving a column its own type again
// drops them.
async function dropSamplesOfNothing(client: PoolClient, table: string): Promise<void> {
  const { rows: found } = await client.query(`select from ${table} limit 1`);
  if (found.length > 0) return;
  const { rows } = await client.query<{ column: string; type: string }>(
    `select quote_ident(attname) as column, format_type(atttypid, atttypmod) as type from pg_attribute
      where attrelid = $1::regclass and attnum > 0 and not attisdropped`,
    [table],
  );
  const changes = rows.map(({ column, type }) => `alter column ${column} type ${type}`);
  await client.query(`alter table ${table} ${changes.join(', ')}`);
}

// VACUUM FULL carries rows along that an older transaction may still look at, or could: one that writes looks at nothing
// between its statements. Those that write count in every database, for whoever begins to read here begins with the oldest
// of them all.
async function waitForReaders(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ now: string }>('select pg_current_xact_id()::text as now');
  for (let waited = 0; ; waited += POLL_MS) {
    const older = await client.query<{ pid: number; application: string }>(
      `select pid, application_name as application from pg_stat_activity
        where pid <> pg_backend_pid() and age($1::text::xid) <= greatest(age(backend_xid),
          case when datname is null or datname = current_database() then age(backend_xmin) end) limit 1`,
      [rows[0]!.now],
    );
    const first = older.rows[0];
    if (first === undefined) return;
    if (waited >= WAIT_FOR_READERS_MS) {
      throw new Error(
        `A transaction that began before does not end: process ${first.pid} (${first.application}) of Postgres.`,
      );
    }
    await setTimeout(POLL_MS);
  }
}

async function checkpoint(client: PoolClient): Promise<boolean> {
  try {
    await client.query('checkpoint');
    return true;
  } catch {
    return false; // only a superuser or a member of pg_checkpoint may
  }
}

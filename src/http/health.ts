/** Whether the parts of the server do their work. */
import type { Pool } from 'pg';
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { lastBeat } from '../queue/heartbeat.ts';

export interface Health {
  readonly status: 'ok' | 'warning' | 'unavailable';
  readonly database: 'ok' | 'unavailable';
  /** The log's position and epoch as the database has them; null when it cannot be read. */
  readonly log: { readonly position: number; readonly epoch: number } | null;
  /** Age in seconds of the last sign of a queue worker; null when none was ever seen. */
  readonly workerSeenSecondsAgo: number | null;
  /** Other servers to which something should be on its way by now; null when it cannot be read. */
  readonly destinationsDue: number | null;
  /** Age in seconds of the newest seal; null when there is none. */
  readonly sealedSecondsAgo: number | null;
  /** What somebody should look after, in words. */
  readonly warnings: readonly string[];
}

const WORKER_SILENT_SECONDS = 30;
const SEAL_LATE_SECONDS = 300;

/** Asks the database; never throws. */
export async function readHealth(db: Db, pool: Pool, now: () => number): Promise<Health> {
  try {
    return await askDatabase(db, pool, now);
  } catch {
    const warnings = ['The database cannot be reached.'];
    return {
      status: 'unavailable',
      database: 'unavailable',
      log: null,
      workerSeenSecondsAgo: null,
      destinationsDue: null,
      sealedSecondsAgo: null,
      warnings,
    };
  }
}

async function askDatabase(db: Db, pool: Pool, now: () => number): Promise<Health> {
  const { rows } = await sql<{ position: number; epoch: number; sealed: Date | null; due: number }>`
    select position, epoch, (select at from log_seals order by upto_position desc limit 1) as sealed,
           (select count(*)::int4 from destinations where owed and retry_at <= now() and (lease_until is null or lease_until <= now())) as due
      from log_head`.execute(db);
  const { position, epoch, sealed, due: destinationsDue } = rows[0]!;
  const workerSeenSecondsAgo = secondsSince(await lastBeat(pool), now);
  const sealedSecondsAgo = secondsSince(sealed, now);
  const isSilent = workerSeenSecondsAgo === null || workerSeenSecondsAgo > WORKER_SILENT_SECONDS;
  const warnings = [
    ...(isSilent ? ['No queue worker has been seen for 30 seconds.'] : []),
    ...(isSilent && destinationsDue > 0 ? ['Something is due to other servers, and nobody delivers it.'] : []),
    ...(sealedSecondsAgo !== null && sealedSecondsAgo > SEAL_LATE_SECONDS
      ? ['The newest seal is more than 5 minutes old.']
      : []),
  ];
  const status = warnings.length === 0 ? 'ok' : 'warning';
  return {
    status,
    database: 'ok',
    log: { position, epoch },
    workerSeenSecondsAgo,
    destinationsDue,
    sealedSecondsAgo,
    warnings,
  };
}

function secondsSince(date: Date | null, now: () => number): number | null {
  return date === null ? null : Math.max(0, Math.round((now() - date.getTime()) / 1000));
}

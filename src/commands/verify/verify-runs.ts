/** When the log was last checked: a row for each completed verification. */
import type { Pool } from 'pg';
import { sql } from 'kysely';
import type { Db } from '../../database/database.ts';
import type { VerifyReport } from './verify-report.ts';

export interface VerifyRun {
  readonly finishedAt: Date;
  /** Positions up to here were checked. */
  readonly position: number;
  /** Bad rows. */
  readonly findings: number;
  readonly isDeep: boolean;
}

export async function noteVerifyRun(pool: Pool, report: VerifyReport, isDeep: boolean, now: number): Promise<void> {
  const findings = Object.values(report.counts).reduce((sum, count) => sum + count, 0);
  await pool.query(
    'insert into verify_runs (finished_at, position, findings, deep) values ($1, $2, $3, $4) on conflict do nothing',
    [new Date(now), report.head, findings, isDeep],
  );
}

/** Null: the log was never checked. */
export async function lastVerifyRun(db: Db): Promise<VerifyRun | null> {
  const { rows } = await sql<VerifyRun>`
    select finished_at as "finishedAt", position, findings, deep as "isDeep" from verify_runs
     order by finished_at desc limit 1`.execute(db);
  return rows[0] ?? null;
}

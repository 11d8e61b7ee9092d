/** How the log stands: its head, who reads it and how far they are, and the newest seal. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';

export interface LogReader {
  readonly name: string;
  readonly position: number;
  /** Positions that it has not read yet. */
  readonly behind: number;
}

/** Readers that keep their place in the database, by name. */
export async function logReaders(db: Db): Promise<readonly LogReader[]> {
  const { rows } = await sql<LogReader>`
    select r.reader as name, r.position, greatest(h.position - r.position, 0) as behind
      from reader_positions r cross join log_head h order by r.reader`.execute(db);
  return rows;
}

export interface LastSeal {
  readonly uptoPosition: number;
  readonly at: Date;
  /** Positions that no seal covers yet. */
  readonly behind: number;
}

/** Null: the log was never sealed. */
export async function lastSeal(db: Db): Promise<LastSeal | null> {
  const { rows } = await sql<LastSeal>`
    select s.upto_position as "uptoPosition", s.at, greatest(h.position - s.upto_position, 0) as behind
      from log_seals s cross join log_head h order by s.upto_position desc limit 1`.execute(db);
  return rows[0] ?? null;
}

/** Holds the log's head, so that nothing can be stored until it is let go: what is proposed meanwhile waits in memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestDatabase } from './database.ts';

export interface StalledLog {
  /** Resolves when a batch waits for the head. */
  reached(): Promise<void>;
  release(): Promise<void>;
  /** Lets go as another writer that has taken the log over. */
  takeOver(): Promise<void>;
}

export async function stallLog({ owner }: Pick<TestDatabase, 'owner'>): Promise<StalledLog> {
  const client = await owner.pool.connect();
  await client.query('begin');
  await client.query('select from log_head for update');
  return {
    async reached() {
      for (;;) {
        const { rowCount } = await client.query(
          "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        if ((rowCount ?? 0) > 0) return;
        await sleep(5);
      }
    },
    async takeOver() {
      await client.query('update log_head set epoch = epoch + 1');
      await client.query('commit');
      client.release();
    },
    async release() {
      await client.query('rollback');
      client.release();
    },
  };
}

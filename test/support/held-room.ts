/** A room that nothing can be written to for a while: so that a server is caught amid many rooms, and not by luck. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../src/database/database.ts';

export interface HeldRoom {
  /** Resolves when a session waits for the room. */
  waitedFor(): Promise<void>;
  letGo(): Promise<void>;
}

/** Holds the room's row as a transaction would that never ends. */
export async function holdRoom(databaseUrl: string, roomId: string): Promise<HeldRoom> {
  const database = openDatabase({ url: databaseUrl, role: 'owner', max: 2 });
  const client = await database.pool.connect();
  await client.query('begin');
  const { rowCount } = await client.query('select from rooms where room_id = $1 for update', [roomId]);
  if (rowCount !== 1) throw new Error(`there is no room ${roomId}`);
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const waits = 'select exists (select from pg_stat_activity where $1 = any(pg_blocking_pids(pid))) as found';
  return {
    async waitedFor() {
      while (!(await database.pool.query<{ found: boolean }>(waits, [rows[0]!.pid])).rows[0]!.found) await sleep(5);
    },
    async letGo() {
      await client.query('rollback');
      client.release();
      await database.close();
    },
  };
}

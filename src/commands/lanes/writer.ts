/** The writer's seat: one process at a time holds the log's epoch and may append; others wait as standby. */
import type { Pool, PoolClient } from 'pg';
import type { Logger } from 'pino';
import type { Db } from '../../database/database.ts';
import type { Appended } from '../../log/append.ts';
import type { ServerName } from '../../matrix/identifiers.ts';
import { createRecorder, type Recorder } from './record.ts';
import { createRoomLanes, type RoomLanes } from './room-lane.ts';
import type { AppendUnit } from './unit-queue.ts';
import { keepSeat, NOTICE_LOSS, takeSeat } from './writer-seat.ts';

export interface Writer {
  readonly epoch: number;
  readonly recorder: Recorder;
  readonly lanes: RoomLanes;
  /** Writes what waits, then gives up the seat. */
  close(): Promise<void>;
}

export interface WriterDeps {
  /** Service role; two connections are kept: one holds the seat, one writes. */
  readonly pool: Pool;
  /** For the reads of lanes. */
  readonly db: Db;
  readonly now: () => number;
  readonly serverName: ServerName;
  /** Where this writer takes proxied commands; shown to other processes. */
  readonly address: string | null;
  readonly log: Logger;
  readonly onCommitted: (appended: Appended) => void;
  readonly onDeposed: () => void;
  /** Called once when another process has the seat. */
  readonly onStandby?: () => void;
  /** Gives up waiting for the seat. */
  readonly signal: AbortSignal;
}

/**
 * Takes the seat, waiting for it as long as another process holds it, and raises the epoch: from then on no other
 * process can append. Null when `signal` ended the wait.
 */
export async function openWriter(deps: WriterDeps): Promise<Writer | null> {
  const lanes: RoomLanes = createRoomLanes({ db: deps.db, recorder: () => recorder });
  const first = await takeSeat(deps);
  if (first === null) return null;
  const epoch = await raiseEpoch(first, deps.address);
  const recorder = createRecorder({
    ...deps,
    ...epoch,
    connect: () => connectWriter(deps.pool),
    onRoomFailed: (roomId) => lanes.forget(roomId),
  });
  const seat = await keepSeat(first, deps, {
    onRebuilt: () => lanes.forget(),
    // An append that holds nothing: all it does is to ask whose epoch it is.
    onTaken: () => void recorder.append(NOTHING).catch(() => undefined),
  });
  deps.log.info({ epoch: epoch.epoch, position: epoch.head }, 'writing the log');
  return {
    epoch: epoch.epoch,
    recorder,
    lanes,
    async close() {
      await recorder.close();
      seat.release();
    },
  };
}

const NOTHING: AppendUnit = { roomId: null, head: null, judged: [], actions: [], erasures: [] };

async function raiseEpoch(
  client: PoolClient,
  address: string | null,
): Promise<{ epoch: number; head: number; lastStamp: number }> {
  const { rows } = await client.query<{ epoch: number; head: number }>(
    'update log_head set epoch = epoch + 1, address = $1 returning epoch, position as head',
    [address],
  );
  const stamps = await client.query<{ stamp: Date | null }>(
    'select decided_at as stamp from verdicts order by position desc limit 1',
  );
  return { ...rows[0]!, lastStamp: stamps.rows[0]?.stamp?.getTime() ?? 0 };
}

async function connectWriter(pool: Pool): Promise<PoolClient> {
  const client = await pool.connect();
  try {
    // Every statement of an append is a look-up by key. On tables that were never analysed the planner would rather
    // join whole tables, and a batch would take a second.
    await client.query('set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off');
    // The same few statements for ever, over arrays of any length: there is nothing to plan anew, or to compile.
    await client.query('set plan_cache_mode = force_generic_plan; set jit = off');
    // Where the database, its configuration or the role says that a commit need not reach the disk, ours do all the same.
    await client.query(
      "select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'",
    );
    // A connection cut on its way must not keep the head locked.
    await client.query(`set idle_in_transaction_session_timeout = '10s'; ${NOTICE_LOSS}`);
    return client;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** THE ONE DOOR TO THE LOG: takes what all lanes have ready, commits it in one transaction, then answers and wakes. */
import { setTimeout } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Logger } from 'pino';
import { Gauge, Histogram } from 'prom-client';
import type { Appended } from '../log/append.ts';
import { MatrixError } from '../matrix/errors.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import { createUnitQueue, type AppendUnit, type Outcome, type UnitQueue, type Waiting } from './unit-queue.ts';
import { placeUnits, writeBatch } from './write-batch.ts';

export interface Recorder {
  /**
   * Resolves when the unit is durable (`committed`) or has to be proposed again (`cancelled`). Rejects with what the
   * database said about a unit it refuses, and with M_LIMIT_EXCEEDED (retry_after_ms) when too much waits.
   */
  append(unit: AppendUnit): Promise<'committed' | 'cancelled'>;
  /** The last position that is durable. */
  head(): number;
  waiting(): number;
  /** Takes nothing more, writes what waits, lets go of the connection. */
  close(): Promise<void>;
}

export interface RecorderDeps {
  /** A connection of the recorder's own; asked again after a loss. Rejects while the database is away. */
  readonly connect: () => Promise<PoolClient>;
  readonly epoch: number;
  readonly head: number;
  /** Milliseconds; stamps never go back behind `lastStamp`. */
  readonly now: () => number;
  readonly lastStamp: number;
  readonly serverName: ServerName;
  readonly log: Logger;
  readonly onCommitted: (appended: Appended) => void;
  /** A unit of this room could not be stored: whatever was built on it is void. */
  readonly onRoomFailed: (roomId: string) => void;
  /** Another process took the epoch: nothing more can be written here. */
  readonly onDeposed: () => void;
}

const MAX_WAITING = 5_000;
const RETRY_CONNECT_MS = 200;

export const recordMetrics = {
  appendSeconds: new Histogram({
    name: 'vestibule_append_seconds',
    help: 'Time from the start of a batch to its commit.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [],
  }),
  batchEvents: new Histogram({
    name: 'vestibule_append_batch_events',
    help: 'Events written by one batch.',
    buckets: [0, 1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [],
  }),
  waiting: new Gauge({ name: 'vestibule_append_waiting', help: 'Units that wait for a batch.', registers: [] }),
  failures: new Gauge({ name: 'vestibule_append_failures', help: 'Units that the database refused.', registers: [] }),
};

interface RecorderState {
  readonly deps: RecorderDeps;
  readonly queue: UnitQueue;
  client: PoolClient | null;
  head: number;
  stamp: number;
  running: Promise<void> | null;
  closed: boolean;
}

export function createRecorder(deps: RecorderDeps): Recorder {
  const state: RecorderState = {
    deps,
    queue: createUnitQueue(),
    client: null,
    head: deps.head,
    stamp: deps.lastStamp,
    running: null,
    closed: false,
  };
  return {
    append: (unit) => enqueue(state, unit),
    head: () => state.head,
    waiting: () => state.queue.size(),
    async close() {
      state.closed = true;
      await state.running;
      state.client?.release(true);
      state.client = null;
    },
  };
}

function enqueue(state: RecorderState, unit: AppendUnit): Promise<'committed' | 'cancelled'> {
  if (state.closed)
    return Promise.reject(new MatrixError('M_UNKNOWN', 'The server is shutting down.', { status: 503 }));
  if (unit.head?.stale === true) return Promise.resolve('cancelled');
  if (state.queue.size() >= MAX_WAITING) {
    return Promise.reject(new MatrixError('M_LIMIT_EXCEEDED', 'The server is overloaded.', { retry_after_ms: 1_000 }));
  }
  const { promise, resolve, reject } = Promise.withResolvers<'committed' | 'cancelled'>();
  const done = (outcome: Outcome) => (outcome.is === 'failed' ? reject(outcome.error) : resolve(outcome.is));
  state.queue.push({ unit, done });
  recordMetrics.waiting.set(state.queue.size());
  // One turn of the event loop, so that everything this turn proposes shares the first batch.
  state.running ??= new Promise<void>((next) => void setImmediate(next)).then(() => drain(state));
  return promise;
}

async function drain(state: RecorderState): Promise<void> {
  try {
    for (;;) {
      const batch = state.queue.take();
      if (batch.length === 0) break;
      recordMetrics.waiting.set(state.queue.size());
      await commit(state, batch);
    }
  } finally {
    state.running = null;
  }
}

/** Stores a batch; on a refusal by the database, room by room, then unit by unit, so that only the culprit fails. */
async function commit(state: RecorderState, batch: readonly Waiting[]): Promise<void> {
  const live = batch.filter(({ unit, done }) => {
    if (unit.head?.stale === true) done({ is: 'cancelled' });
    return unit.head?.stale !== true;
  });
  if (live.length === 0) return;
  const error = await attempt(state, live);
  if (error === null) return;
  const rooms = [...Map.groupBy(live, ({ unit }) => unit.roomId).values()];
  if (rooms.length > 1) {
    for (const room of rooms) await commit(state, room);
  } else if (live.length > 1) {
    for (const waiting of live) await commit(state, [waiting]);
  } else {
    fail(state, live[0]!, error.cause);
  }
}

function fail(state: RecorderState, { unit, done }: Waiting, error: unknown): void {
  state.deps.log.error(
    { err: error, room: unit.roomId, events: unit.judged.map((j) => j.slot.eventId) },
    'unit refused',
  );
  recordMetrics.failures.inc();
  if (unit.head !== null) unit.head.stale = true;
  if (unit.roomId !== null) {
    state.deps.onRoomFailed(unit.roomId);
    for (const waiting of state.queue.removeRoom(unit.roomId)) waiting.done({ is: 'cancelled' });
  }
  done({ is: 'failed', error });
}

/** Tries until the database has answered; null: stored and answered. An error is its refusal of these rows. */
async function attempt(state: RecorderState, batch: readonly Waiting[]): Promise<{ cause: unknown } | null> {
  const started = performance.now();
  const at = new Date((state.stamp = Math.max(state.deps.now(), state.stamp)));
  const units = batch.map(({ unit }) => unit);
  const placed = placeUnits(units, state.head, at);
  const from = { epoch: state.deps.epoch, head: state.head };
  for (let inDoubt = false; ; inDoubt = true) {
    const client = await connected(state);
    try {
      // After a loss the log itself tells: the head moved with the batch or not at all. The same rows are sent again,
      // never the commands run again: that would sign a second event.
      const stored = inDoubt && (await headOf(client, from.epoch)) === placed.placed.head;
      if (stored || (await writeBatch(client, placed, from, state.deps))) {
        finish(state, batch, placed.placed, started);
      } else {
        depose(state, batch);
      }
      return null;
    } catch (error) {
      if (!isConnectionLoss(error)) {
        await client.query('rollback').catch(() => dropClient(state));
        return { cause: error };
      }
      state.deps.log.warn({ err: error }, 'connection lost while writing');
      dropClient(state);
    }
  }
}

function finish(state: RecorderState, batch: readonly Waiting[], placed: Appended, started: number): void {
  state.head = placed.head;
  recordMetrics.appendSeconds.observe((performance.now() - started) / 1000);
  recordMetrics.batchEvents.observe(placed.events.length);
  state.deps.onCommitted(placed);
  for (const { done } of batch) done({ is: 'committed' });
}

function depose(state: RecorderState, batch: readonly Waiting[]): void {
  state.closed = true;
  const error = new MatrixError('M_UNKNOWN', 'Another process writes the log now.', { status: 503 });
  for (const { done } of [...batch, ...state.queue.removeAll()]) done({ is: 'failed', error });
  state.deps.onDeposed();
}

async function connected(state: RecorderState): Promise<PoolClient> {
  while (state.client === null) {
    try {
      state.client = await state.deps.connect();
      state.client.on('error', () => dropClient(state));
    } catch (error) {
      state.deps.log.warn({ err: error }, 'the database cannot be reached; trying again');
      await setTimeout(RETRY_CONNECT_MS);
    }
  }
  return state.client;
}

function dropClient(state: RecorderState): void {
  state.client?.release(true);
  state.client = null;
}

/** Waits for a transaction of the lost connection that may still hold the row, then says where the log stands. */
async function headOf(client: PoolClient, epoch: number): Promise<number | null> {
  const found = await client.query<{ position: number }>('select position from log_head where epoch = $1 for update', [
    epoch,
  ]);
  return found.rows[0]?.position ?? null;
}

// Classes 08 and 57P say that the session is gone, not that a row is bad; so do the socket's own errors, which come
// with a system call's code or in the driver's words.
function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (/^[0-9A-Z]{5}$/.test(code) && !/^E[A-Z]{4}$/.test(code)) return code.startsWith('08') || code.startsWith('57P');
  return /^E[A-Z]+$/.test(code) || /connection|terminated|not queryable/i.test(error.message);
}

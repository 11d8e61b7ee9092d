/** THE ONE DOOR TO THE LOG: takes what all lanes have ready, commits it in one transaction, then answers and wakes. */
import { setTimeout } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import type { Logger } from 'pino';
import { Gauge, Histogram } from 'prom-client';
import type { Appended } from '../../log/append.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { ServerName } from '../../matrix/identifiers.ts';
import { isConnectionLoss } from './connection-loss.ts';
import { createUnitQueue, type AppendUnit, type Outcome, type UnitQueue, type Waiting } from './unit-queue.ts';
import { placeUnits, wasStored, writeBatch } from './write-batch.ts';

export interface Recorder {
  /**
   * Resolves when the unit is durable (`committed`) or has to be proposed again (`cancelled`). Rejects with what the
   * database said about a unit it refuses, and with M_LIMIT_EXCEEDED (retry_after_ms) when too much waits.
   */
  append(unit: AppendUnit): Promise<'committed' | 'cancelled'>;
  /** What `append` would refuse any unit with right now; null: it takes units. */
  refusal(): MatrixError | null;
  /** The last position that is durable. */
  head(): number;
  waiting(): number;
  /**
   * Takes nothing more, writes what waits, lets go of the connection. While the database is away it waits for a few
   * seconds, then what waits is rejected.
   */
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
const CLOSE_PATIENCE_MS = 5_000;

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
  /** Why nothing more is taken. */
  closed: MatrixError | null;
  /** Why nothing can be written any more. */
  over: MatrixError | null;
  /** On the process' own clock: from then on a database that is away is given up. */
  deadline: number;
}

export function createRecorder(deps: RecorderDeps): Recorder {
  const state: RecorderState = {
    deps,
    queue: createUnitQueue(),
    client: null,
    head: deps.head,
    stamp: deps.lastStamp,
    running: null,
    closed: null,
    over: null,
    deadline: Infinity,
  };
  return {
    append: (unit) => enqueue(state, unit),
    refusal: () => refusal(state),
    head: () => state.head,
    waiting: () => state.queue.size(),
    async close() {
      state.closed ??= unavailable('The server is shutting down.');
      state.deadline = performance.now() + CLOSE_PATIENCE_MS;
      await state.running;
      if (state.client !== null) dropClient(state, state.client);
    },
  };
}

function refusal(state: RecorderState): MatrixError | null {
  if (state.closed !== null) return state.closed;
  if (state.queue.size() < MAX_WAITING) return null;
  return new MatrixError('M_LIMIT_EXCEEDED', 'The server is overloaded.', { retry_after_ms: 1_000 });
}

function unavailable(message: string): MatrixError {
  return new MatrixError('M_UNKNOWN', message, { status: 503 });
}

function enqueue(state: RecorderState, unit: AppendUnit): Promise<'committed' | 'cancelled'> {
  const refused = refusal(state);
  if (refused !== null) return Promise.reject(refused);
  if (unit.head?.stale === true) return Promise.resolve('cancelled');
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
      await commit(state, batch).catch((error: unknown) => {
        for (const waiting of batch) fail(state, waiting, error);
      });
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
  const attempted = state.over === null ? await attempt(state, live) : 'over';
  if (attempted === 'stored') return;
  if (attempted === 'over') {
    for (const { done } of live) done({ is: 'failed', error: state.over });
    return;
  }
  const rooms = [...Map.groupBy(live, ({ unit }) => unit.roomId).values()];
  if (rooms.length > 1) {
    for (const room of rooms) await commit(state, room);
  } else if (live.length > 1) {
    for (const waiting of live) await commit(state, [waiting]);
  } else {
    fail(state, live[0]!, attempted.cause);
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

/** Tries until the database has answered. `cause`: it does not take these rows. `over`: nothing can be written any more. */
async function attempt(
  state: RecorderState,
  batch: readonly Waiting[],
): Promise<'stored' | 'over' | { readonly cause: unknown }> {
  const started = performance.now();
  const at = new Date((state.stamp = Math.max(state.deps.now(), state.stamp)));
  const units = batch.map(({ unit }) => unit);
  const placed = placeUnits(units, state.head, at);
  const from = { epoch: state.deps.epoch, head: state.head };
  for (let losses = 0; ; losses += 1) {
    if (losses > 1) await setTimeout(RETRY_CONNECT_MS);
    const client = await connected(state);
    if (client === null) return giveUp(state, 'The database is away: what becomes of this is not known.');
    let stored: boolean;
    try {
      // After a loss the log itself tells whether the batch is in it. If not, the same rows are sent again, never the
      // commands run again: that would sign a second event.
      stored =
        (losses > 0 && (await wasStored(client, placed))) || (await writeBatch(client, placed, from, state.deps));
    } catch (error) {
      if (!isConnectionLoss(error)) {
        await client.query('rollback').catch(() => dropClient(state, client));
        return { cause: error };
      }
      state.deps.log.warn({ err: error }, 'connection lost while writing');
      dropClient(state, client);
      continue;
    }
    if (!stored) return depose(state);
    finish(state, batch, placed.placed, started);
    return 'stored';
  }
}

function finish(state: RecorderState, batch: readonly Waiting[], placed: Appended, started: number): void {
  state.head = placed.head;
  recordMetrics.appendSeconds.observe((performance.now() - started) / 1000);
  recordMetrics.batchEvents.observe(placed.events.length);
  try {
    state.deps.onCommitted(placed);
  } catch (error) {
    // What is stored is stored, whatever becomes of those who wait to hear of it.
    state.deps.log.error({ err: error }, 'a commit was not told to everybody who waits');
  }
  for (const { done } of batch) done({ is: 'committed' });
}

function depose(state: RecorderState): 'over' {
  giveUp(state, 'Another process writes the log now.');
  state.deps.onDeposed();
  return 'over';
}

function giveUp(state: RecorderState, why: string): 'over' {
  state.closed = state.over = unavailable(why);
  return 'over';
}

/** Null when the database is away for too long while the recorder closes. */
async function connected(state: RecorderState): Promise<PoolClient | null> {
  for (let refusals = 0; state.client === null; refusals += 1) {
    try {
      const client = await state.deps.connect();
      client.on('error', () => dropClient(state, client));
      state.client = client;
    } catch (error) {
      if (performance.now() > state.deadline) return null;
      // Told once, not five times a second: a database can be away for long.
      if (refusals === 0) state.deps.log.warn({ err: error }, 'the database cannot be reached; trying again');
      await setTimeout(RETRY_CONNECT_MS);
    }
  }
  return state.client;
}

// A lost connection tells so more than once: by its query and by itself. By then there may be a new one.
function dropClient(state: RecorderState, client: PoolClient): void {
  if (state.client !== client) return;
  state.client = null;
  client.release(true);
}

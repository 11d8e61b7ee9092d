/** Has a resolution of many keys done by a thread of its own, one at a time, and reads for it what it asks for. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Db } from '../../database/database.ts';
import { readRawEvents } from '../../log/resolvable-events.ts';
import { stateKeyText, type StateKey } from '../../matrix/auth-events.ts';
import type { FromWorker, HeavyResolution, ToWorker } from './resolution-worker.ts';

/** So many events, or keys, are read at a time: others are served between. */
const PART = 500;

export interface HeavyReads {
  readonly db: Db;
  readonly roomId: string;
  /** What all states have at keys that are not in conflict. */
  lookUp(keys: readonly StateKey[]): Promise<ReadonlyMap<string, number>>;
}

const CREATE: StateKey = ['m.room.create', ''];

let busy: Promise<unknown> = Promise.resolve();

/**
 * Resolves as resolveState() does; `begin` makes what the thread is given, which is copied at once. Rejects with what was
 * thrown there.
 */
export function resolveHeavily(
  reads: HeavyReads,
  start: (begin: (resolution: HeavyResolution) => Worker) => Worker,
): Promise<ReadonlyMap<string, number | null>> {
  const turn = busy.then(() => attend(reads, start(startWorker)));
  busy = turn.catch(() => undefined);
  return turn;
}

function startWorker(resolution: HeavyResolution): Worker {
  return new Worker(new URL('./resolution-worker.ts', import.meta.url), { workerData: resolution });
}

async function attend(reads: HeavyReads, worker: Worker): Promise<ReadonlyMap<string, number | null>> {
  try {
    for (;;) {
      // Rejects with the thread's own error.
      const [message] = (await once(worker, 'message')) as [FromWorker];
      if (message.is === 'resolved') return message.winners;
      if (message.is === 'events') await sendEvents(reads, worker, [...message.wanted]);
      else await sendKeys(reads, worker, message.wanted);
    }
  } finally {
    await worker.terminate();
  }
}

async function sendEvents({ db, roomId }: HeavyReads, worker: Worker, wanted: readonly number[]): Promise<void> {
  for (const part of parts(wanted)) {
    send(worker, { is: 'events', events: await readRawEvents(db, roomId, part), isLast: false });
  }
  send(worker, { is: 'events', events: [], isLast: true });
}

async function sendKeys(reads: HeavyReads, worker: Worker, wanted: readonly StateKey[]): Promise<void> {
  const unconflicted = new Map<string, number>();
  for (const part of parts(wanted))
    for (const [name, position] of await reads.lookUp(part)) unconflicted.set(name, position);
  const create = (await reads.lookUp([CREATE])).get(stateKeyText(...CREATE)) ?? -1;
  send(worker, { is: 'keys', unconflicted, create });
}

function send(worker: Worker, message: ToWorker): void {
  // A thread has no origin.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  worker.postMessage(message);
}

function parts<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / PART) }, (_, n) => all.slice(n * PART, (n + 1) * PART));
}

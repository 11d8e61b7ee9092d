/** The worker: takes jobs off the queue, delivers to other servers, keeps the minute's schedule, and shows that it is alive. */
import type { QueueHome } from '../queue/connection.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import { openQueue, openWorker, type JobPayloads, type JobQueue } from '../queue/queue.ts';
import { beat } from '../queue/heartbeat.ts';
import { createOutbox, type OutboxDeps } from './outbox.ts';
import { runJob, type WorkerParts } from './processors.ts';

export interface WorkerOptions {
  readonly home: QueueHome;
  /** Names this process among the workers. */
  readonly name: string;
  readonly sealEveryMs: number;
  readonly beatEveryMs: number;
  readonly pruneEveryMs: number;
  /** How often it looks for what is due to other servers and was not told of. */
  readonly lookEveryMs: number;
}

/** How it delivers to other servers. */
export type DeliveryParts = Pick<OutboxDeps, 'database' | 'sendTransaction' | 'answerMs' | 'backoff' | 'random'>;

export interface RunningWorker {
  /** Tells long jobs to give up and waits for running ones to end. */
  close(): Promise<void>;
}

export const WORKER_DEFAULTS = {
  sealEveryMs: 60_000,
  beatEveryMs: 10_000,
  pruneEveryMs: 3_600_000,
  lookEveryMs: 1_000,
} as const;

/** Servers that one job is about. */
const TOGETHER = 10;

/** Works until closed. The queue may be away at the start and at any time: work goes on when it is back. */
export function startWorker(parts: WorkerParts, deliveries: DeliveryParts, options: WorkerOptions): RunningWorker {
  const onError = (error: Error): void => parts.logger.warn({ err: error }, 'the job queue is not reachable');
  const queue = openQueue({ home: options.home, onError });
  const closing = new AbortController();
  const outbox = createOutbox({
    ...deliveries,
    self: parts.identity.serverName,
    owner: options.name,
    now: parts.now,
    lookEveryMs: options.lookEveryMs,
    ring: (destinations) => queue.ring('drain', inGroups(destinations)),
    onError: (error) => parts.logger.warn({ err: error }, 'a delivery could not be carried on'),
  });
  const worker = openWorker({ home: options.home, onError }, (name, payload, progress) =>
    runJob({ ...parts, outbox }, name, payload, { progress, signal: closing.signal }),
  );
  let beating: Promise<unknown> = Promise.resolve();
  // Over the connections that deliveries need: what keeps a sign of life waiting there, keeps the next transaction waiting, too.
  const tend = (): void => {
    beating = Promise.all([beating, beat(deliveries.database.pool, options.name).catch(onError)]);
    // Each time, because Redis may have been emptied: the schedule is made again within a beat.
    keepSchedule(queue, options, parts.now()).catch(onError);
  };
  tend();
  const timer = setInterval(tend, options.beatEveryMs);
  return {
    async close() {
      clearInterval(timer);
      closing.abort(new Error('The worker was told to stop.'));
      await outbox.close();
      await worker.close();
      await queue.close();
      // A sign of life on its way would otherwise arrive after the end, or find the database closed.
      await beating;
      await deliveries.database.close();
    },
  };
}

function inGroups(destinations: readonly ServerName[]): readonly JobPayloads['drain'][] {
  const count = Math.ceil(destinations.length / TOGETHER);
  return Array.from({ length: count }, (_, n) => ({
    destinations: destinations.slice(n * TOGETHER, (n + 1) * TOGETHER),
  }));
}

async function keepSchedule(queue: JobQueue, { sealEveryMs, pruneEveryMs }: WorkerOptions, now: number): Promise<void> {
  await queue.schedule('seal', sealEveryMs, now);
  await queue.schedule('prune', pruneEveryMs, now);
}

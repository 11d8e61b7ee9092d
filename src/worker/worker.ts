/** The worker: takes jobs off the queue, keeps the minute's schedule, and shows that it is alive. */
import type { QueueHome } from '../queue/connection.ts';
import { openQueue, openWorker, type JobQueue } from '../queue/queue.ts';
import { beat } from '../queue/heartbeat.ts';
import { runJob, type WorkerParts } from './processors.ts';

export interface WorkerOptions {
  readonly home: QueueHome;
  /** Names this process among the workers. */
  readonly name: string;
  readonly sealEveryMs: number;
  readonly beatEveryMs: number;
  readonly pruneEveryMs: number;
}

export interface RunningWorker {
  /** Tells long jobs to give up and waits for running ones to end. */
  close(): Promise<void>;
}

export const WORKER_DEFAULTS = { sealEveryMs: 60_000, beatEveryMs: 10_000, pruneEveryMs: 3_600_000 } as const;

/** Works until closed. The queue may be away at the start and at any time: work goes on when it is back. */
export function startWorker(parts: WorkerParts, options: WorkerOptions): RunningWorker {
  const onError = (error: Error): void => parts.logger.warn({ err: error }, 'the job queue is not reachable');
  const queue = openQueue({ home: options.home, onError });
  const closing = new AbortController();
  const worker = openWorker({ home: options.home, onError }, (name, payload, progress) =>
    runJob(parts, name, payload, { progress, signal: closing.signal }),
  );
  let beating: Promise<unknown> = Promise.resolve();
  const tend = (): void => {
    beating = Promise.all([beating, beat(parts.pool, options.name, parts.now).catch(onError)]);
    // Each time, because Redis may have been emptied: the schedule is made again within a beat.
    keepSchedule(queue, options).catch(onError);
  };
  tend();
  const timer = setInterval(tend, options.beatEveryMs);
  return {
    async close() {
      clearInterval(timer);
      closing.abort(new Error('The worker was told to stop.'));
      await worker.close();
      await queue.close();
      // A sign of life on its way would otherwise arrive after the end, or find the database closed.
      await beating;
    },
  };
}

async function keepSchedule(queue: JobQueue, { sealEveryMs, pruneEveryMs }: WorkerOptions): Promise<void> {
  await queue.schedule('seal', sealEveryMs);
  await queue.schedule('prune', pruneEveryMs);
}

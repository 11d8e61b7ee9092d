/** The job queue: names, payloads and the whole BullMQ vocabulary, on Redis or on BullMQ's own Postgres backend. */
import { runMigrations, type Job, type Queue, type Worker } from 'bullmq';
import pg from 'pg';
import type { ServerName } from '../matrix/identifiers.ts';
import { closeWithin, connect, KEPT, soon, type QueueHome } from './connection.ts';

/** What a job of each kind is told. */
export interface JobPayloads {
  /** Seals what the log holds since the last seal. */
  readonly seal: Readonly<Record<never, never>>;
  /** Forgets what nobody will ask for again. */
  readonly prune: Readonly<Record<never, never>>;
  /** Checks the whole log. */
  readonly verify: Readonly<Record<never, never>>;
  /** Replays the log beside the projections; writes what differs (everything, with `force`). */
  readonly rebuild: { readonly force?: boolean };
  /** Takes erased words out of the data files. */
  readonly scrub: Readonly<Record<never, never>>;
  /** Reads the log for other servers. */
  readonly expand: Readonly<Record<never, never>>;
  /** Delivers to these servers what they are owed. */
  readonly drain: { readonly destinations: readonly ServerName[] };
}
export type JobName = keyof JobPayloads;

/** The minute queue never waits behind an admin's long job, nor what is owed to others behind either. */
export type QueueName = 'minute' | 'admin' | 'expand' | 'drain';
export const QUEUE_OF: Readonly<Record<JobName, QueueName>> = {
  seal: 'minute',
  prune: 'minute',
  verify: 'admin',
  rebuild: 'admin',
  scrub: 'admin',
  expand: 'expand',
  drain: 'drain',
};

/** Jobs of a queue that a worker does at a time. */
const AT_ONCE: Readonly<Record<QueueName, number>> = { minute: 1, admin: 1, expand: 1, drain: 16 };

const LOST_MS = 10_000;

export type JobState = 'waiting' | 'active' | 'completed' | 'failed';

export interface JobStatus {
  readonly id: string;
  readonly name: JobName;
  readonly state: JobState;
  /** What the processor last reported; its shape is the processor's. */
  readonly progress: unknown;
  /** What the processor returned; null until completed. */
  readonly result: unknown;
  /** Why it failed; null unless failed. */
  readonly error: string | null;
  readonly requestedAt: Date;
  readonly finishedAt: Date | null;
}

export interface QueueOptionsOfOurs {
  readonly home: QueueHome;
  /** Connections break and come back; each time is told here, never thrown. */
  readonly onError: (error: Error) => void;
}

export interface JobQueue {
  /**
   * Asks for an admin's job and resolves to its id; while one of the same name waits or runs, to that one's. A scrub that
   * runs is followed by another: it may have passed the words of whoever asks now.
   * Rejects within {@link ANSWER_TIMEOUT_MS} when the queue cannot be reached.
   */
  enqueue<N extends JobName>(name: N, payload: JobPayloads[N]): Promise<string>;
  /**
   * Asks for jobs that nobody will ask about, and that may be lost: whoever does them looks for work by himself. Of `expand`
   * at most one waits. Rejects within {@link ANSWER_TIMEOUT_MS} when the queue cannot be reached.
   */
  ring<N extends 'expand' | 'drain'>(name: N, payloads: readonly JobPayloads[N][]): Promise<void>;
  /** Null when there is no such job, or it ended so long ago that it is forgotten. */
  jobStatus(id: string): Promise<JobStatus | null>;
  /**
   * Makes `name` run every `milliseconds`. Survives restarts, several callers make one schedule, and calling it again
   * only matters when Redis lost it, or its next job. `now` in milliseconds since 1970.
   */
  schedule(name: JobName, milliseconds: number, now: number): Promise<void>;
  close(): Promise<void>;
}

export type Processor = (name: JobName, payload: unknown, progress: (report: object) => void) => Promise<unknown>;

/** Brings the queue's own tables up to date; nothing to do on Redis. The user of the URL must be allowed to create a schema. */
export async function prepareQueue(home: QueueHome): Promise<void> {
  if ('redisUrl' in home) return;
  const client = new pg.Client({ connectionString: home.postgresUrl });
  // A connection that breaks fails the query on it; without a listener it would end the process besides.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await runMigrations(client);
  } finally {
    await client.end();
  }
}

/** The producing side. */
export function openQueue({ home, onError }: QueueOptionsOfOurs): JobQueue {
  const connection = connect(home, 'producer', onError);
  const open = (name: QueueName): Queue => {
    const queue = connection.queue(name);
    queue.on('error', onError);
    return queue;
  };
  const queues = eachQueue(open);
  const ready = eachQueue((name) => queues[name].waitUntilReady());
  for (const waiting of Object.values(ready)) waiting.catch(onError);
  // Not before it is ready: what is handed to BullMQ earlier is kept in memory and done whenever Redis comes.
  const within = async <T>(name: QueueName, act: (queue: Queue) => Promise<T>): Promise<T> => {
    await soon(ready[name]);
    return soon(act(queues[name]));
  };
  return {
    async enqueue(name, payload) {
      const deduplication = { id: name, ...(name === 'scrub' ? { keepLastIfActive: true } : {}) };
      const options = { ...KEPT, attempts: 1, deduplication };
      const job = await within(QUEUE_OF[name], (queue) => queue.add(name, payload, options));
      return jobId(QUEUE_OF[name], job.id);
    },
    async ring(name, payloads) {
      const deduplication = name === 'expand' ? { deduplication: { id: name, keepLastIfActive: true } } : {};
      const opts = { removeOnComplete: true, removeOnFail: true, attempts: 1, ...deduplication };
      await within(QUEUE_OF[name], (queue) => queue.addBulk(payloads.map((data) => ({ name, data, opts }))));
    },
    async jobStatus(id) {
      const at = parseJobId(id);
      if (at === null) return null;
      return within(at.queue, async (queue) => {
        // The state first: a job that ends in between is then told as running, not as ended without a result.
        const state = await queue.getJobState(at.id);
        const job = await queue.getJob(at.id);
        return job === undefined ? null : statusOf(id, job, state);
      });
    },
    async schedule(name, milliseconds, now) {
      const id = `every-${name}`;
      const template = { name, data: {}, opts: { ...KEPT, attempts: 1 } };
      await within(QUEUE_OF[name], async (queue) => {
        const known = await queue.getJobScheduler(id);
        // Left alone when it is there: setting it again would put off its next job. One that is long due was lost, perhaps
        // with a worker that ended as it took the one before; or nobody works, and then it does no harm.
        const overdue = now - (known?.next ?? 0) - milliseconds;
        if (known?.every === milliseconds && overdue < LOST_MS) return;
        await queue.upsertJobScheduler(id, { every: milliseconds }, template);
      });
    },
    async close() {
      await closeWithin(connection, Object.values(queues));
    },
  };
}

export interface QueueWorker {
  /** Waits for running jobs to end, then lets go of the connections. */
  close(): Promise<void>;
}

/** The working side: takes the jobs of all queues. */
export function openWorker({ home, onError }: QueueOptionsOfOurs, process: Processor): QueueWorker {
  const connection = connect(home, 'worker', onError);
  const busy = new Set<Promise<unknown>>();
  const take = async (job: Job): Promise<unknown> => {
    // Progress is a courtesy: a lost report must not fail the work.
    const report = (progress: object): void => void job.updateProgress(progress).catch(onError);
    const work = process(job.name as JobName, job.data, report);
    busy.add(work);
    return work.finally(() => busy.delete(work));
  };
  const start = (name: QueueName): Worker => {
    const worker = connection.worker(name, AT_ONCE[name], take);
    worker.on('error', onError);
    return worker;
  };
  const workers = eachQueue(start);
  return {
    close: () => closeWithin(connection, Object.values(workers), () => Promise.allSettled(busy)),
  };
}

function eachQueue<T>(make: (name: QueueName) => T): Readonly<Record<QueueName, T>> {
  return { minute: make('minute'), admin: make('admin'), expand: make('expand'), drain: make('drain') };
}

// BullMQ counts jobs per queue; outside, an id names its queue too.
function jobId(queue: QueueName, id: string | undefined): string {
  return `${queue}-${id ?? ''}`;
}

function parseJobId(id: string): { queue: QueueName; id: string } | null {
  const match = /^(minute|admin)-([\w-]{1,100})$/.exec(id);
  return match === null ? null : { queue: match[1] as QueueName, id: match[2]! };
}

function statusOf(id: string, job: Job, state: string): JobStatus {
  const ended = state === 'completed' || state === 'failed';
  return {
    id,
    name: job.name as JobName,
    state: ended || state === 'active' ? state : 'waiting',
    progress: job.progress,
    result: state === 'completed' ? (job.returnvalue ?? null) : null,
    error: state === 'failed' ? job.failedReason : null,
    requestedAt: new Date(job.timestamp),
    finishedAt: ended && job.finishedOn !== undefined ? new Date(job.finishedOn) : null,
  };
}

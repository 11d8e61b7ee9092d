/** How BullMQ reaches Redis or Postgres, and how it is kept from waiting for them. */
import { Queue, Worker, type ConnectionOptions, type Job } from 'bullmq';
import pg from 'pg';
import { createPatientBackend, failLater } from './patient-backend.ts';

/** Where the queue lives. Postgres: schema `bullmq` of that database. Nothing that is owed lives here alone. */
export type QueueHome = { readonly redisUrl: string } | { readonly postgresUrl: string };

export interface Connection {
  queue(name: string): Queue;
  /** Takes so many jobs at a time. */
  worker(name: string, concurrency: number, take: (job: Job) => Promise<unknown>): Worker;
  /** From now on a connection that is lost is not sought again. */
  giveUp(): void;
  close(): Promise<void>;
}

export const ANSWER_TIMEOUT_MS = 2_000;
const CLOSE_TIMEOUT_MS = 3_000;

/** The last hundred results of each queue stay readable for a day. */
export const KEPT = { removeOnComplete: { count: 100, age: 86_400 }, removeOnFail: { count: 100, age: 86_400 } };
const PREFIX = 'vestibule';

export function connect(home: QueueHome, side: 'producer' | 'worker', onError: (error: Error) => void): Connection {
  return 'redisUrl' in home ? connectRedis(home.redisUrl, side) : connectPostgres(home.postgresUrl, side, onError);
}

// Producers must fail at once when Redis is away: by default BullMQ waits for it for ever. Workers wait, that is their work.
// (`skipWaitingForReady` is not the way: a queue that is opened while Redis is down would then stay dead when it is back.)
function connectRedis(url: string, side: 'producer' | 'worker'): Connection {
  let givenUp = false;
  const retryStrategy = (times: number): number | null => (givenUp ? null : Math.min(times * 200, 2_000));
  const patience =
    side === 'worker' ? { maxRetriesPerRequest: null } : { maxRetriesPerRequest: 1, enableOfflineQueue: false };
  const connection: ConnectionOptions = { url, retryStrategy, ...patience };
  return {
    queue: (name) => new Queue(name, { connection, prefix: PREFIX }),
    worker: (name, concurrency, take) => new Worker(name, take, { connection, prefix: PREFIX, concurrency, ...KEPT }),
    giveUp: () => {
      givenUp = true;
    },
    close: async () => undefined,
  };
}

// A pool of ours and not BullMQ's, so that one pool serves all queues; each worker's LISTEN holds one connection of it.
function connectPostgres(url: string, side: 'producer' | 'worker', onError: (error: Error) => void): Connection {
  const pool = new pg.Pool({
    connectionString: url,
    max: side === 'worker' ? 8 : 2,
    connectionTimeoutMillis: ANSWER_TIMEOUT_MS,
    options: '-c search_path=bullmq',
    application_name: `vestibule-queue-${side}`,
    keepAlive: true,
  });
  pool.on('error', onError);
  // Producers are told at once.
  if (side === 'worker') failLater(pool);
  // Of connections in use the pool does not hear, and an error that nobody hears ends the process.
  pool.on('connect', (client) => void client.on('error', onError));
  return {
    queue: (name) => new Queue(name, { connection: pool }, createPatientBackend as never),
    worker: (name, concurrency, take) =>
      new Worker(name, take, { connection: pool, concurrency, ...KEPT }, createPatientBackend as never),
    giveUp: () => undefined,
    // It waits for connections in use, and a question may be waiting for an answer that does not come.
    close: () => within(pool.end(), CLOSE_TIMEOUT_MS).catch(() => undefined),
  };
}

/** Closes queues or workers once `done` has come; those that wait for a Redis that is away are left to themselves. */
export async function closeWithin(
  connection: Connection,
  closable: readonly { close(): Promise<void> }[],
  done: () => Promise<unknown> = async () => undefined,
): Promise<void> {
  connection.giveUp();
  const closing = Promise.allSettled(closable.map((each) => each.close()));
  await done();
  await within(closing, CLOSE_TIMEOUT_MS).catch(() => undefined);
  await connection.close();
}

/** A promise that is not answered in time is answered for: nobody may wait for the queue. */
export async function soon<T>(answer: Promise<T>): Promise<T> {
  return within(answer, ANSWER_TIMEOUT_MS);
}

async function within<T>(answer: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the job queue did not answer in time')), milliseconds);
  });
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

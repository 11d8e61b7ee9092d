/** BullMQ's Postgres backend, that asks again later and not at once: its workers otherwise leave their process time for nothing else. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createPostgresBackend } from 'bullmq';

/**
 * A worker whose question fails asks again in the same moment, without end, unless the connection was refused. Nothing that was
 * heard on a socket is looked at meanwhile, no signal either.
 */
const AGAIN_AFTER_MS = 500;

/** What gets ready once; `readyPromise` is remembered also when that failed, and then nothing is ever ready again. */
interface GetsReady {
  waitUntilReady(): Promise<void>;
  readyPromise?: Promise<void> | undefined;
}

/** As createPostgresBackend(). */
export function createPatientBackend(...args: Parameters<typeof createPostgresBackend>): object {
  const backend = createPostgresBackend(...args) as unknown as GetsReady & { readonly connection: GetsReady };
  forgetFailures(backend.connection);
  forgetFailures(backend);
  return backend;
}

function forgetFailures(one: GetsReady): void {
  const wait = one.waitUntilReady.bind(one);
  one.waitUntilReady = async () => {
    const asked = wait();
    const remembered = one.readyPromise;
    try {
      await asked;
    } catch (error) {
      await sleep(AGAIN_AFTER_MS, undefined, { ref: false });
      // Somebody else who waited may have begun anew.
      if (one.readyPromise === remembered) one.readyPromise = undefined;
      throw error;
    }
  };
}

type Query = (...args: never[]) => Promise<unknown>;

/** The same for what is asked of a connection that is lost and not yet known to be. */
export function failLater<P extends { query: unknown }>(pool: P): P {
  const query = (pool.query as Query).bind(pool);
  pool.query = async (...args: never[]) => {
    try {
      return await query(...args);
    } catch (error) {
      await sleep(AGAIN_AFTER_MS, undefined, { ref: false });
      throw error;
    }
  };
  return pool;
}

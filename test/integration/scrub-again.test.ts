/** A scrub that runs may have passed the words of whoever is erased now: it is followed by another, and never by two. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QueueHome } from '../../src/queue/connection.ts';
import { openQueue, openWorker } from '../../src/queue/queue.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts';

let test: TestDatabase;
let redis: TestRedis | null = null;

beforeAll(async () => {
  test = await openTestDatabase();
  if (hasRedis()) redis = await startRedis();
});

afterAll(async () => {
  await redis?.stop();
  await test.close();
});

/** How often a job ran that was asked for once, and four times more while it ran. */
async function runs(home: QueueHome, name: 'scrub' | 'verify'): Promise<number> {
  const errors: Error[] = [];
  const onError = (error: Error): void => void errors.push(error);
  const [started, going] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let ran = 0;
  const worker = openWorker({ home, onError }, async () => {
    ran += 1;
    started.resolve();
    await going.promise;
    return {};
  });
  const queue = openQueue({ home, onError });
  const first = await queue.enqueue(name, {});
  await started.promise;
  for (let asked = 0; asked < 4; asked += 1) await queue.enqueue(name, {});
  going.resolve();
  while ((await queue.jobStatus(first))?.state !== 'completed') await sleep(20);
  // What was asked for after it is done by then: the queue is worked in order.
  const last = await queue.enqueue('rebuild', {});
  while ((await queue.jobStatus(last))?.state !== 'completed') await sleep(20);
  await queue.close();
  await worker.close();
  expect(errors).toEqual([]);
  return ran - 1;
}

describe.each(['Postgres', 'Redis'] as const)('on %s', (name) => {
  const home = (): QueueHome => (name === 'Redis' ? { redisUrl: redis!.url } : { postgresUrl: test.url });

  it.runIf(name === 'Postgres' || hasRedis())('a scrub runs once more, a verification does not', async () => {
    expect(await runs(home(), 'scrub')).toBe(2);
    expect(await runs(home(), 'verify')).toBe(1);
  });
});

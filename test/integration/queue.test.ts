/** The job queue on both its homes: minute seals, an admin's jobs with progress and result, and what happens when Redis is away. */
import { connect as connectTo, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { knock } from '../../src/commands/knock.ts';
import { openDatabase } from '../../src/database/database.ts';
import { connect, type QueueHome } from '../../src/queue/connection.ts';
import { lastBeat } from '../../src/queue/heartbeat.ts';
import { openQueue, openWorker, prepareQueue, type JobQueue, type JobStatus } from '../../src/queue/queue.ts';
import type { WorkerParts } from '../../src/worker/processors.ts';
import { startWorker, type DeliveryParts, type RunningWorker } from '../../src/worker/worker.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, everyKind, makeKnockRoom, openTestLog, type TestLog } from '../support/history.ts';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { Redis } from 'ioredis';

let test: TestDatabase;
let log: TestLog;
let redis: TestRedis;
const sealed: { uptoPosition: number }[] = [];

beforeAll(async () => {
  if (hasRedis()) redis = await startRedis();
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  const roomId = await makeKnockRoom(log.deps, 'boss');
  await everyKind(log.deps, roomId, 'boss', 'queued');
});

afterAll(async () => {
  await log.close();
  await test.close();
  if (hasRedis()) await redis.stop();
});

function parts(): WorkerParts {
  const logger = {
    info: (fields: object) => void sealed.push(fields as { uptoPosition: number }),
    warn: () => undefined,
  };
  return { pool: test.database.pool, ownerPool: test.owner.pool, identity: log.identity, now: Date.now, logger };
}

/** To nobody: this log's rooms are its own. */
function deliveries(): DeliveryParts {
  return {
    database: openDatabase({ url: test.url, max: 2 }),
    sendTransaction: async () => ({ ok: false, failure: { kind: 'unreachable', code: 'NOBODY' } }),
    answerMs: 1_000,
    backoff: { leastMs: 1_000, mostMs: 1_000 },
    random: () => 0,
  };
}

const SCHEDULES = [
  { name: 'prune', every: 3_600_000 },
  { name: 'seal', every: 400 },
];

const running: RunningWorker[] = [];

// A worker that a failed test leaves behind would work in the next one.
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.close()));
});

function work(home: QueueHome, name = 'test-worker', sealEveryMs = 60_000): RunningWorker {
  const every = { sealEveryMs, beatEveryMs: 100, pruneEveryMs: 3_600_000, lookEveryMs: 1_000 };
  const worker = startWorker(parts(), deliveries(), { home, name, ...every });
  let closed: Promise<void> | null = null;
  const once = { close: () => (closed ??= worker.close()) };
  running.push(once);
  return once;
}

async function ended(queue: JobQueue, id: string): Promise<JobStatus> {
  for (let waited = 0; waited < 20_000; waited += 50) {
    // A busy machine may take longer than a caller is made to wait.
    const status = await queue.jobStatus(id).catch(() => null);
    if (status?.state === 'completed' || status?.state === 'failed') return status;
    await sleep(50);
  }
  throw new Error(`job ${id} did not end`);
}

/** Something to seal. */
async function writeSomething(): Promise<void> {
  await makeKnockRoom(log.deps, 'writer');
}

const HOMES: readonly (readonly [string, () => QueueHome])[] = [
  ['Redis', () => ({ redisUrl: redis.url })],
  ['Postgres', () => ({ postgresUrl: test.owner.url })],
];

for (const [name, home] of HOMES) {
  describe.skipIf(name === 'Redis' && !hasRedis())(`on ${name}`, () => {
    const errors: Error[] = [];
    let queue: JobQueue;

    beforeAll(async () => {
      await prepareQueue(home());
      await prepareQueue(home());
      queue = openQueue({ home: home(), onError: (error) => void errors.push(error) });
    });
    afterAll(() => queue.close());

    it('a verification that an admin asks for reports its progress and its result', async () => {
      const id = await queue.enqueue('verify', {});
      expect(await queue.jobStatus(id)).toMatchObject({
        id,
        name: 'verify',
        state: 'waiting',
        result: null,
        finishedAt: null,
      });
      const worker = work(home());
      const status = await ended(queue, id);
      await worker.close();
      expect(status).toMatchObject({ state: 'completed', error: null, result: { clean: true, findings: [] } });
      expect(status.progress).toMatchObject({ head: log.writer.recorder.head() });
      expect(status.finishedAt!.getTime()).toBeGreaterThanOrEqual(status.requestedAt.getTime());
    });

    it('a rebuild mends, a scrub runs, and a second request while one waits is the same job', async () => {
      await test.owner.pool.query("update knocks set status = 'REJECTED' where status = 'PENDING'");
      const rebuild = await queue.enqueue('rebuild', {});
      expect(await queue.enqueue('rebuild', {})).toBe(rebuild);
      const scrub = await queue.enqueue('scrub', {});
      const worker = work(home());
      expect(await ended(queue, rebuild)).toMatchObject({
        state: 'completed',
        result: { replaced: true, differences: [{ table: 'knocks' }] },
      });
      expect(await ended(queue, scrub)).toMatchObject({ state: 'completed', result: { checkpoint: true } });
      const again = await queue.enqueue('rebuild', { force: true });
      expect(again).not.toBe(rebuild);
      expect(await ended(queue, again)).toMatchObject({
        state: 'completed',
        result: { replaced: true, differences: [] },
      });
      await worker.close();
    });

    it('a job that fails says why', async () => {
      await test.owner.pool.query('alter table knocks rename to knocks_gone');
      const worker = work(home());
      const status = await ended(queue, await queue.enqueue('rebuild', {}));
      await test.owner.pool.query('alter table knocks_gone rename to knocks');
      await worker.close();
      expect(status).toMatchObject({ state: 'failed', result: null });
      expect(status.error).toContain('knocks');
    });

    it('a job that nobody knows has no status', async () => {
      for (const id of ['admin-987654', 'minute-x', 'rubbish', 'admin-', '', 'admin-\u0000', '__proto__']) {
        expect(await queue.jobStatus(id), id).toBeNull();
      }
    });

    it('answers that nobody repeats any more are forgotten by the job that tidies up', async () => {
      const kept = `recent on ${name}`;
      await test.owner.pool.query(
        `insert into idempotency (actor, key, operation, result, position, at)
         values ('@a:b', 'old', 'send', '', 1, now() - interval '8 days'), ('@a:b', $1, 'send', '', 2, now() - interval '6 days')`,
        [kept],
      );
      const worker = work(home());
      const queue = openQueue({ home: home(), onError: () => undefined });
      expect(await ended(queue, await queue.enqueue('prune', {}))).toMatchObject({ state: 'completed' });
      const { rows } = await test.owner.pool.query("select key from idempotency where key in ('old', $1)", [kept]);
      expect(rows).toEqual([{ key: kept }]);
      await Promise.all([worker.close(), queue.close()]);
    });

    it('seals follow the schedule, and two workers do not double it', async () => {
      const workers = [work(home(), 'one', 400), work(home(), 'two', 400)];
      await untilSealed(3);
      expect(await schedules(home())).toEqual(SCHEDULES);
      await Promise.all(workers.map((worker) => worker.close()));
    });

    it('the schedule outlives the workers that made it', async () => {
      const three = Promise.withResolvers<void>();
      let runs = 0;
      const stranger = openWorker({ home: home(), onError: () => undefined }, async (job) => {
        if (job === 'seal' && (runs += 1) === 3) three.resolve();
        return {};
      });
      // As every worker does: one that ended may have taken the next job with it.
      const keep = setInterval(() => void queue.schedule('seal', 400, Date.now()).catch(() => undefined), 1_000);
      await three.promise;
      clearInterval(keep);
      await stranger.close();
      expect(await schedules(home())).toEqual(SCHEDULES);
    });

    it('a worker shows that it is alive, and a dead one is seen to be', async () => {
      const before = await lastBeat(test.database.pool);
      const worker = work(home(), `alive-${name}`);
      await eventually(async () => expect(await lastBeat(test.database.pool)).not.toEqual(before));
      await worker.close();
      const last = await lastBeat(test.database.pool);
      await sleep(300);
      expect(await lastBeat(test.database.pool)).toEqual(last);
    });

    it('nothing went wrong on the way', () => {
      expect(errors).toEqual([]);
    });
  });
}

describe('a schedule whose next job is lost', () => {
  it('goes on with the help of any worker', { timeout: 60_000 }, async () => {
    const home = { postgresUrl: test.owner.url };
    const worker = work(home, 'helper', 400);
    await untilSealed(1);
    const lose = "delete from bullmq.job where scheduler_id = 'every-seal' and state = 'delayed'";
    for (let lost = 0; lost === 0; lost = (await test.owner.pool.query(lose)).rowCount ?? 0) await sleep(20);
    const before = sealed.length;
    await untilSealed(2);
    expect(sealed.length).toBeGreaterThan(before);
    await worker.close();
  });
});

/** Writes, so that each run of the seal job has something to seal, until there were `wanted` seals more. */
async function untilSealed(wanted: number): Promise<void> {
  const enough = sealed.length + wanted;
  for (let waited = 0; sealed.length < enough; waited += 50) {
    if (waited > 60_000) throw new Error(`there were no ${wanted} seals more`);
    await writeSomething();
    await sleep(50);
  }
}

/** What the queue itself has in its book. */
async function schedules(home: QueueHome): Promise<readonly object[]> {
  const connection = connect(home, 'producer', () => undefined);
  const queue = connection.queue('minute');
  await queue.waitUntilReady();
  const known = await queue.getJobSchedulers();
  await queue.close();
  await connection.close();
  return known.map(({ name, every }) => ({ name, every })).sort((a, b) => a.name.localeCompare(b.name));
}

/** Postgres behind a door that can be shut: whoever comes is let in and thrown out again at once. */
async function openDoor(): Promise<{ readonly url: string; shut: boolean; close(): Promise<void> }> {
  const target = new URL(test.url);
  const open = new Set<Socket>();
  const door = { url: '', shut: false, close };
  const server = createServer((client) => {
    client.on('error', () => undefined);
    if (door.shut) {
      client.destroy();
      return;
    }
    const postgres = connectTo(Number(target.port), target.hostname);
    for (const socket of [client, postgres]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        client.destroy();
        postgres.destroy();
      });
    }
    client.pipe(postgres).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(test.url);
  url.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  door.url = url.href;
  return door;
  async function close(): Promise<void> {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** A job that is at work when its connection is lost has failed; the next one is done. */
async function expectDone(queue: JobQueue): Promise<void> {
  const states: string[] = [];
  while (states.at(-1) !== 'completed' && states.length < 10) {
    states.push((await ended(queue, await queue.enqueue('verify', {}))).state);
  }
  expect(states.at(-1)).toBe('completed');
}

describe('when its Postgres throws out whoever comes', () => {
  it('a worker leaves its process time for all else, and works when it may', async () => {
    const door = await openDoor();
    door.shut = true;
    const errors: Error[] = [];
    const worker = openWorker(
      { home: { postgresUrl: door.url }, onError: (error) => void errors.push(error) },
      async () => 'done',
    );
    let ticks = 0;
    const ticking = setInterval(() => (ticks += 1), 20);
    await sleep(1_000);
    expect(ticks).toBeGreaterThan(10);
    expect(errors.length).toBeGreaterThan(0);
    expect(errors.length).toBeLessThan(100);
    door.shut = false;
    const queue = openQueue({ home: { postgresUrl: test.url }, onError: () => undefined });
    await expectDone(queue);
    // The door is shut amid its work, too.
    door.shut = true;
    await test.owner.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'vestibule-queue-worker' and datname = current_database()",
    );
    ticks = 0;
    await sleep(1_000);
    expect(ticks).toBeGreaterThan(10);
    door.shut = false;
    await expectDone(queue);
    clearInterval(ticking);
    await worker.close();
    await queue.close();
    await door.close();
  });
});

describe.skipIf(!hasRedis())('when Redis is away', () => {
  it('asking fails at once, commands go on, and all is well when it is back', async () => {
    const queue = openQueue({ home: { redisUrl: redis.url }, onError: () => undefined });
    const worker = work({ redisUrl: redis.url }, 'patient', 300);
    await ended(queue, await eventually(() => queue.enqueue('verify', {})));
    await redis.kill();
    const roomId = await makeKnockRoom(log.deps, 'undisturbed');
    await expect(queue.enqueue('verify', {})).rejects.toThrow();
    await expect(queue.jobStatus('admin-1')).rejects.toThrow();
    await knock(log.deps, actor('somebody'), { roomId, reason: 'Redis is none of my business' });
    await redis.start();
    const id = await eventually(() => queue.enqueue('verify', {}));
    expect(await ended(queue, id)).toMatchObject({ state: 'completed', result: { clean: true } });
    // The server came back empty: the worker made its schedule again.
    const before = sealed.length;
    await untilSealed(2);
    expect(sealed.length).toBeGreaterThan(before);
    await worker.close();
    await queue.close();
  });

  it('a process that starts meanwhile works as soon as it is there', async () => {
    await redis.kill();
    const queue = openQueue({ home: { redisUrl: redis.url }, onError: () => undefined });
    const worker = work({ redisUrl: redis.url }, 'early');
    await expect(queue.enqueue('verify', {})).rejects.toThrow('in time');
    await redis.start();
    const id = await eventually(() => queue.enqueue('verify', {}));
    expect(await ended(queue, id)).toMatchObject({ state: 'completed' });
    await worker.close();
    await queue.close();
  });

  it('closing does not wait for it', async () => {
    const home = { redisUrl: redis.url };
    const [queue, worker] = [openQueue({ home, onError: () => undefined }), work(home, 'leaver')];
    await ended(queue, await eventually(() => queue.enqueue('verify', {})));
    await redis.kill();
    const [lateQueue, lateWorker] = [openQueue({ home, onError: () => undefined }), work(home, 'never-there')];
    await sleep(300);
    const closing = Promise.all([worker.close(), queue.close(), lateWorker.close(), lateQueue.close()]);
    await expect(closing).resolves.toHaveLength(4);
    await redis.start();
  });

  it('a flushed Redis loses jobs, never work: seals go on', async () => {
    const worker = work({ redisUrl: redis.url }, 'flushed', 300);
    await untilSealed(2);
    const client = new Redis(redis.url);
    await client.flushdb();
    client.disconnect();
    const before = sealed.length;
    await untilSealed(2);
    expect(sealed.length).toBeGreaterThan(before);
    await worker.close();
    const { rows } = await test.database.pool.query<{ rest: number }>(
      'select (select position from log_head) - coalesce(max(upto_position), 0) as rest from log_seals',
    );
    expect(rows[0]!.rest).toBeLessThan(200);
  });
});

async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await ask();
    } catch (error) {
      if (attempt === 20) throw error;
      await sleep(200);
    }
  }
}

describe('while the queue in Postgres does not answer', () => {
  it('closing does not wait for it', { timeout: 30_000 }, async () => {
    const home = { postgresUrl: test.owner.url };
    await prepareQueue(home);
    const worker = openWorker({ home, onError: () => undefined }, async () => null);
    const queue = openQueue({ home, onError: () => undefined });
    await queue.enqueue('verify', {});
    const holder = await test.owner.pool.connect();
    await holder.query('begin; lock table bullmq.job, bullmq.meta in access exclusive mode');
    await sleep(300);
    await expect(Promise.all([worker.close(), queue.close()])).resolves.toHaveLength(2);
    await holder.query('rollback');
    holder.release();
  });
});

/** A server that leaves the queue to others: it says when nobody works it, and a worker of its own does what admins ask for. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signInAs } from '../support/accounts.ts';
import { knockRoom, request, type Client } from '../support/client.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { startRedis, type TestRedis } from '../support/redis.ts';
import { launchRole, startServer, temporaryFolder, type RunningRole, type TestServer } from '../support/server.ts';

const NO_WORKER = 'No queue worker has been seen for 30 seconds.';
const JOB = 'query($id: ID!) { job(id: $id) { name state result error } }';

let redis: TestRedis;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis.stop());

const HOMES: readonly (readonly [string, () => Readonly<Record<string, string>>])[] = [
  ['Redis', () => ({ REDIS_URL: redis.url })],
  ['Postgres', () => ({})],
];

for (const [name, home] of HOMES) {
  describe(`with the queue on ${name}`, () => {
    let test: TestDatabase;
    let dataDir: string;
    let server: TestServer;
    let admin: Client;
    let worker: RunningRole;

    beforeAll(async () => {
      test = await openTestDatabase();
      dataDir = await temporaryFolder();
      server = await startServer({ databaseUrl: test.url, dataDir, env: home(), args: ['--no-worker'] });
      [admin] = (await signInAs(test.database, server.url, ['boss'])) as [Client];
      await test.owner.pool.query('update users set admin = true');
      await knockRoom(admin);
    });

    afterAll(async () => {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
      await test.close();
    });

    const startWorker = (): RunningRole =>
      launchRole(['work'], { DATA_DIR: dataDir, DATABASE_URL: test.url, ...home() });

    async function warnings(): Promise<readonly string[]> {
      const { status, body } = await request(server.url, 'GET', '/_vestibule/../health');
      // Degraded is not down: nothing would be won by starting the server anew.
      expect(status).toBe(200);
      return body.warnings;
    }

    async function verified(): Promise<string> {
      const { data, errors } = await admin.graphql('mutation { startVerify { job { id } } }');
      expect(errors).toBeUndefined();
      return data.startVerify.job.id;
    }

    it('health warns while nobody works it, and an admin is told that the job waits', async () => {
      expect(await warnings()).toContain(NO_WORKER);
      const answer = await admin.graphql(JOB, { id: await verified() });
      expect(answer.data.job).toMatchObject({ name: 'verify', state: 'WAITING', result: null });
    });

    it('a worker of its own does the job and is seen to live', async () => {
      const id = await verified();
      worker = startWorker();
      await worker.says('Working the job queue.');
      let job = { state: '', result: null };
      while (job.state !== 'COMPLETED' && job.state !== 'FAILED') {
        await sleep(50);
        job = (await admin.graphql(JOB, { id })).data.job;
      }
      expect(job).toMatchObject({ state: 'COMPLETED', error: null, result: { clean: true } });
      expect(await warnings()).not.toContain(NO_WORKER);
    });

    it('health warns again half a minute after the last sign of a worker that was killed', async () => {
      worker.process.kill('SIGKILL');
      await worker.gone;
      expect(await warnings()).not.toContain(NO_WORKER);
      await test.owner.pool.query("update workers set seen_at = seen_at - interval '31 seconds'");
      expect(await warnings()).toContain(NO_WORKER);
    });

    it('another worker is seen at once, and ends with 0 when it is told to stop', async () => {
      worker = startWorker();
      while ((await warnings()).includes(NO_WORKER)) await sleep(50);
      worker.process.kill('SIGTERM');
      expect(await worker.gone).toBe(0);
    });

    it('one that is told to stop while it starts ends with 0 as well', async () => {
      const holder = await test.owner.pool.connect();
      await holder.query('begin; lock table migration_checksums in access exclusive mode');
      worker = startWorker();
      const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
      while ((await test.owner.pool.query(waiting)).rowCount === 0) await sleep(20);
      worker.process.kill('SIGTERM');
      await sleep(100);
      await holder.query('commit');
      holder.release();
      expect(await worker.gone).toBe(0);
    });
  });
}

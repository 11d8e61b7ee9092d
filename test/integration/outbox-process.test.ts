/** Server and worker as processes of their own deliver what is said in a room to the servers that are in it. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signInAs } from '../support/accounts.ts';
import { createAuthority } from '../support/certificates.ts';
import { request, type Client } from '../support/client.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { SERVER_NAME } from '../support/history.ts';
import { startReceivers, type Receivers } from '../support/receivers.ts';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { launchRole, startServer, temporaryFolder, type RunningRole, type TestServer } from '../support/server.ts';
import { shareRoom, type SharedRoom } from '../support/shared-room.ts';

let redis: TestRedis;

beforeAll(async () => {
  if (hasRedis()) redis = await startRedis();
});

afterAll(async () => {
  if (hasRedis()) await redis.stop();
});

const HOMES: readonly (readonly [string, () => Readonly<Record<string, string>>])[] = [
  ['Redis', () => ({ REDIS_URL: redis.url })],
  ['Postgres', () => ({})],
];

describe.each(HOMES)('with the queue on %s', (name, home) => {
  let folder: string;
  let test: TestDatabase;
  let receivers: Receivers;
  let shared: SharedRoom;
  let env: Readonly<Record<string, string>>;

  beforeAll(async () => {
    folder = await temporaryFolder();
    test = await openTestDatabase();
    const authority = await createAuthority();
    receivers = await startReceivers(authority, 8);
    shared = await shareRoom(test.database, folder, authority, receivers.all);
    env = { ...shared.env, ...(name === 'Redis' && !hasRedis() ? {} : home()) };
  });

  afterAll(async () => {
    await receivers.close();
    await test.close();
    await rm(folder, { recursive: true, force: true });
  });

  const serve = (args: readonly string[]): Promise<TestServer> =>
    startServer({ databaseUrl: test.url, dataDir: join(folder, 'data'), env, args });

  async function say(boss: Client, body: string): Promise<string> {
    const path = `/rooms/${encodeURIComponent(shared.roomId)}/send/m.room.message/${encodeURIComponent(body)}`;
    return (await boss.ok('PUT', path, { msgtype: 'm.text', body })).event_id;
  }

  async function heard(eventIds: readonly string[]): Promise<void> {
    while (receivers.all.some((receiver) => !receiver.eventIds.includes(eventIds.at(-1) as never))) await sleep(20);
    for (const receiver of receivers.all) {
      expect(receiver.eventIds.slice(-eventIds.length)).toEqual(eventIds);
      expect(receiver.complaints).toEqual([]);
    }
  }

  it.skipIf(name === 'Redis' && !hasRedis())(
    'a server alone delivers, and counts what it has yet to read for others',
    async () => {
      const server = await serve([]);
      const [boss] = (await signInAs(test.database, server.url, ['boss'], SERVER_NAME)) as [Client];
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.push(await say(boss, `alone ${n}`));
      await heard(ids);
      const metrics = await request(server.url, 'GET', '/_vestibule/../metrics');
      expect(String(metrics.body)).toMatch(/vestibule_reader_lag_positions\{reader="deliveries"\} \d/);
      expect(await server.stop()).toBe(0);
      await test.owner.pool.query(`delete from workers`);
    },
  );

  it.skipIf(name === 'Redis' && !hasRedis())(
    'what a worker was killed amid is sent again by another once it was silent for half a minute, not when its lease ends',
    async () => {
      const server = await serve(['--no-worker']);
      const [boss] = (await signInAs(test.database, server.url, ['head'], SERVER_NAME)) as [Client];
      await boss.ok('POST', `/join/${encodeURIComponent(shared.roomId)}`, {});
      const patient = { ...env, DELIVERY_TIMEOUT: '60s' };
      const work = (): RunningRole =>
        launchRole(['work'], { DATA_DIR: join(folder, 'data'), DATABASE_URL: test.url, ...patient });
      const [receiver] = receivers.all;
      receiver!.react = () => 'hang';
      const killed = work();
      const before = receiver!.asked.length;
      const id = await say(boss, 'amid it');
      while (receiver!.asked.length === before) await sleep(20);
      killed.process.kill('SIGKILL');
      await killed.gone;
      receiver!.react = () => 'take';
      const { rows } = await test.owner.pool.query(
        `select lease_owner as owner, lease_until - now() > interval '60 seconds' as lasts from destinations where destination = $1`,
        [receiver!.name],
      );
      expect(rows).toEqual([{ owner: expect.stringContaining(`worker-${killed.process.pid}-`), lasts: true }]);
      const other = work();
      await other.says('Working the job queue.');
      await sleep(3_000);
      expect(receiver!.asked.length).toBe(before + 1);
      // As if half a minute had passed for the one that was killed.
      const passes = `- interval '31 seconds'`;
      await test.owner.pool.query(`update workers set seen_at = seen_at ${passes} where name = $1`, [rows[0].owner]);
      await test.owner.pool.query(
        `update destinations set lease_until = lease_until ${passes} where lease_owner = $1`,
        [rows[0].owner],
      );
      await heard([id]);
      expect(new Set(receiver!.asked.slice(before).map(({ txnId }) => txnId)).size).toBe(1);
      other.process.kill('SIGTERM');
      expect(await other.gone).toBe(0);
      expect(await server.stop()).toBe(0);
      await test.owner.pool.query(`delete from workers`);
    },
  );

  it.skipIf(name === 'Redis' && !hasRedis())(
    'a server that leaves it to others says when nobody does it, and two workers do it once',
    async () => {
      const server = await serve(['--no-worker']);
      const [boss] = (await signInAs(test.database, server.url, ['chief'], SERVER_NAME)) as [Client];
      await boss.ok('POST', `/join/${encodeURIComponent(shared.roomId)}`, {});
      const ids: string[] = [];
      for (let n = 0; n < 5; n += 1) ids.push(await say(boss, `left to others ${n}`));
      const workers = [1, 2].map(() =>
        launchRole(['work'], { DATA_DIR: join(folder, 'data'), DATABASE_URL: test.url, ...env }),
      );
      await heard(ids);
      for (const worker of workers) worker.process.kill('SIGTERM');
      expect(await Promise.all(workers.map((worker) => worker.gone))).toEqual([0, 0]);
      await receivers.down();
      await say(boss, 'to nobody');
      await test.owner.pool.query(`delete from workers`);
      const lonely = launchRole(['work'], { DATA_DIR: join(folder, 'data'), DATABASE_URL: test.url, ...env });
      const failing = async (): Promise<number> =>
        (await test.owner.pool.query('select from destinations where failures > 0')).rowCount ?? 0;
      while ((await failing()) < receivers.all.length) await sleep(20);
      lonely.process.kill('SIGTERM');
      await lonely.gone;
      await test.owner.pool.query(`delete from workers`);
      await test.owner.pool.query('update destinations set retry_at = now()');
      const { body } = await request(server.url, 'GET', '/_vestibule/../health');
      expect(body).toMatchObject({ status: 'warning', destinationsDue: receivers.all.length });
      expect(body.warnings).toContain('Something is due to other servers, and nobody delivers it.');
      await receivers.up();
      expect(await server.stop()).toBe(0);
    },
  );
});

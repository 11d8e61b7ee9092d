/**
 * Nothing owed is lost: server, worker, Redis, Postgres and the other servers fail one after the other while a room of many
 * servers talks. DESTINATIONS and EVENTS make it larger.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../../src/accounts/secrets.ts';
import { openDatabase, type Database } from '../../src/database/database.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { migrate } from '../../src/database/migrate.ts';
import type { EventId, RoomId } from '../../src/matrix/identifiers.ts';
import { signInAs } from '../support/accounts.ts';
import { createAuthority } from '../support/certificates.ts';
import { clientWith, type Client } from '../support/client.ts';
import { seededRandom } from '../support/dice.ts';
import { SERVER_NAME } from '../support/history.ts';
import { startReceivers, type Reaction, type Receivers } from '../support/receivers.ts';
import { hasRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { shareRoom } from '../support/shared-room.ts';
import { launchRole, startServer, temporaryFolder, type RunningRole, type TestServer } from '../support/server.ts';

const DESTINATIONS = Number(process.env['DESTINATIONS'] ?? 12);
const EVENTS = Number(process.env['EVENTS'] ?? 20);
const ERRORS = 0.05;
/** Milliseconds that something stays away. */
const AWAY = Number(process.env['AWAY'] ?? 1_500);
const seed = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);

let folder: string;
let postgres: EmbeddedPostgres;
let database: Database;
let redis: TestRedis;
let receivers: Receivers;
let roomId: RoomId;
let env: Readonly<Record<string, string>>;
let server: TestServer;
let worker: RunningRole;
let boss: Client;

const startPostgres = (): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataDir: join(folder, 'elsewhere'), newPassword: () => newSecret('postgres') });

const serve = (): Promise<TestServer> =>
  startServer({ dataDir: join(folder, 'data'), databaseUrl: postgres.url, env, args: ['--no-worker'] });

const work = (): RunningRole =>
  launchRole(['work'], { DATA_DIR: join(folder, 'data'), DATABASE_URL: postgres.url, ...env });

beforeAll(async () => {
  if (!hasRedis()) return;
  console.log(`KILL_SEED=${seed}`);
  folder = await temporaryFolder();
  redis = await startRedis();
  postgres = await startPostgres();
  const owner = openDatabase({ url: postgres.url, role: 'owner', max: 2 });
  await migrate(owner);
  await owner.close();
  database = openDatabase({ url: postgres.url, max: 4 });
  const authority = await createAuthority();
  receivers = await startReceivers(authority, DESTINATIONS);
  const shared = await shareRoom(database, folder, authority, receivers.all);
  ({ roomId } = shared);
  env = { ...shared.env, REDIS_URL: redis.url, LOG_LEVEL: 'warn' };
  server = await serve();
  worker = work();
  [boss] = (await signInAs(database, server.url, ['boss'], SERVER_NAME)) as [Client];
}, 600_000);

afterAll(async () => {
  if (!hasRedis()) return;
  worker.process.kill('SIGTERM');
  await worker.gone;
  await server.stop();
  await database.close();
  await receivers.close();
  await redis.stop();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Sends until it is answered: under its transaction id it is one event, however often it is sent. */
async function say(body: string): Promise<EventId> {
  const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${encodeURIComponent(body)}`;
  for (;;) {
    const client = clientWith(server.url, boss.token, boss.userId);
    const answer = await client.call('PUT', path, { msgtype: 'm.text', body }).catch(() => null);
    if (answer?.status === 200) return answer.body.event_id;
    await sleep(50);
  }
}

/** A few in a hundred transactions fail, in every way that they can; some were taken all the same. */
function moods(): Reaction {
  const chance = random();
  if (chance >= ERRORS) return 'take';
  return (['cut', 'take and cut', { status: 500 }, { status: 503 }, { status: 429 }] as const)[
    Math.floor((chance / ERRORS) * 5)
  ]!;
}

const TROUBLES: readonly (readonly [string, () => Promise<void>])[] = [
  [
    'Redis is emptied',
    async () => {
      const client = new Redis(redis.url);
      await client.flushall();
      client.disconnect();
    },
  ],
  [
    'the worker is killed',
    async () => {
      worker.process.kill('SIGKILL');
      await worker.gone;
      worker = work();
    },
  ],
  [
    'Redis goes away, and comes back empty',
    async () => {
      await redis.kill();
      await sleep(AWAY);
      await redis.start();
    },
  ],
  [
    'the server is killed',
    async () => {
      await server.kill();
      server = await serve();
    },
  ],
  [
    'Postgres is started anew',
    async () => {
      await postgres.stop();
      postgres = await startPostgres();
    },
  ],
  [
    'all other servers go down',
    async () => {
      await receivers.down();
      await sleep(AWAY);
      await receivers.up();
    },
  ],
  [
    'the worker is killed amid transactions, and Redis is emptied',
    async () => {
      worker.process.kill('SIGKILL');
      await worker.gone;
      const client = new Redis(redis.url);
      await client.flushall();
      client.disconnect();
      worker = work();
    },
  ],
];

async function owed(): Promise<number> {
  const { rows } = await database.pool.query<{ owed: number }>(
    `select (select count(*) from deliveries where settled_at is null)
            + (select h.position - r.position from log_head h, reader_positions r where reader = 'deliveries') as owed`,
  );
  return Number(rows[0]?.owed);
}

describe.skipIf(!hasRedis())(`${EVENTS} events for ${DESTINATIONS} servers`, () => {
  it('arrive at each of them, in order and once, whatever fails on the way', { timeout: 1_800_000 }, async () => {
    for (const receiver of receivers.all) receiver.react = moods;
    const ids: EventId[] = [];
    for (let n = 0; n < EVENTS; n += 1) {
      const trouble = TROUBLES[Math.floor((n * TROUBLES.length) / EVENTS)];
      const isFirst = n === 0 || trouble !== TROUBLES[Math.floor(((n - 1) * TROUBLES.length) / EVENTS)];
      const troubled = isFirst && trouble !== undefined ? sleep(20).then(trouble[1]) : null;
      ids.push(await say(`event ${n}`));
      await troubled;
    }
    while ((await owed().catch(() => 1)) > 0) await sleep(100);
    for (const receiver of receivers.all) {
      expect(receiver.eventIds, receiver.name).toEqual(ids);
      expect(receiver.complaints, receiver.name).toEqual([]);
    }
    const { rows } = await database.pool.query(
      'select state, count(*)::int4 as n, count(distinct destination)::int4 as servers from deliveries group by 1',
    );
    expect(rows).toEqual([{ state: 'acknowledged', n: EVENTS * DESTINATIONS, servers: DESTINATIONS }]);
    // Whoever settled the last event lets go of its server a moment later.
    while ((await database.pool.query('select from destinations where owed')).rowCount !== 0) await sleep(20);
  });
});

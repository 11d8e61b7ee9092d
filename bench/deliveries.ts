/** Deliveries to many servers: what servers that hang cost the others, and what memory a large backlog takes. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signInAs } from '../test/support/accounts.ts';
import { createAuthority } from '../test/support/certificates.ts';
import type { Client } from '../test/support/client.ts';
import { SERVER_NAME } from '../test/support/history.ts';
import { startReceivers, type Receiver, type Receivers } from '../test/support/receivers.ts';
import { launchRole, startServer, temporaryFolder, type RunningRole, type TestServer } from '../test/support/server.ts';
import { shareRoom, type SharedRoom } from '../test/support/shared-room.ts';
import { startCluster, type BenchDatabase, type Cluster } from './support/cluster.ts';
import { memoryOf } from './support/memory.ts';
import { readOptions } from './support/options.ts';
import { printBudget, printValue, progress, say } from './support/report.ts';

const options = readOptions(
  'deliveries',
  'A server and a worker as processes of their own, and other servers over TLS in this one. REDIS_URL is used where it is set.',
  {
    rounds: { default: 3, help: 'rounds without and with servers that hang' },
    servers: { default: 500, help: 'other servers in the room' },
    hanging: { default: 100, help: 'of them, those that hang' },
    events: { default: 20, help: 'events a round' },
    pause: { default: 1_000, help: 'milliseconds between two events' },
    many: { default: 1_000, help: 'servers of the backlog' },
    backlog: { default: 100_000, help: 'deliveries that wait' },
    seconds: { default: 20, help: 'for which all of them hang before they answer' },
  },
);

interface Stage {
  readonly database: BenchDatabase;
  readonly folder: string;
  readonly receivers: Receivers;
  readonly shared: SharedRoom;
  readonly server: TestServer;
  readonly worker: RunningRole;
  readonly boss: Client;
  close(): Promise<void>;
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  try {
    const talk = await setUp(cluster, 'talk', options.servers);
    try {
      await measureHanging(talk);
    } finally {
      await talk.close();
    }
    const backlog = await setUp(cluster, 'backlog', options.many);
    try {
      await measureBacklog(backlog);
    } finally {
      await backlog.close();
    }
  } finally {
    await cluster.stop();
  }
}

async function setUp(cluster: Cluster, name: string, servers: number): Promise<Stage> {
  progress(`bringing users of ${servers} servers into a room`);
  const folder = await temporaryFolder();
  const database = await cluster.create(name);
  const authority = await createAuthority();
  const receivers = await startReceivers(authority, servers, false);
  const shared = await shareRoom(database.service, folder, authority, receivers.all);
  await database.owner.pool.query('analyze');
  const redis = process.env['REDIS_URL'];
  const env = { ...shared.env, DELIVERY_TIMEOUT: '60s', DELIVERY_RETRY: '10min to 24h', LOG_LEVEL: 'warn' };
  const settings = redis === undefined ? env : { ...env, REDIS_URL: redis };
  const dataDir = join(folder, 'data');
  const server = await startServer({ databaseUrl: database.url, dataDir, env: settings, args: ['--no-worker'] });
  const worker = launchRole(['work'], { DATA_DIR: dataDir, DATABASE_URL: database.url, ...settings });
  await worker.says('Working');
  const [boss] = (await signInAs(database.owner, server.url, ['boss'], SERVER_NAME)) as [Client];
  return {
    ...{ database, folder, receivers, shared, server, worker, boss },
    async close() {
      worker.process.kill('SIGTERM');
      await worker.gone;
      await server.stop();
      await receivers.close();
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

let said = 0;

async function speak({ boss, shared }: Stage): Promise<string> {
  const path = `/rooms/${encodeURIComponent(shared.roomId)}/send/m.room.message/m${(said += 1)}`;
  return (await boss.ok('PUT', path, { msgtype: 'm.text', body: `message ${said}` })).event_id;
}

/** Milliseconds from the server's answer to whoever spoke to each server's having the event. */
async function waits(stage: Stage, listening: readonly Receiver[]): Promise<readonly number[]> {
  const spoken = new Map<string, number>();
  const found: number[] = [];
  for (const receiver of listening) {
    receiver.react = ({ eventIds }) => {
      for (const id of eventIds) found.push(performance.now() - (spoken.get(id) ?? performance.now()));
      return 'take';
    };
  }
  for (let n = 0; n < options.events; n += 1) {
    const id = await speak(stage);
    spoken.set(id, performance.now());
    await sleep(options.pause);
  }
  while (found.length < listening.length * options.events) await sleep(10);
  return found.sort((a, b) => a - b);
}

async function measureHanging(stage: Stage): Promise<void> {
  const { all } = stage.receivers;
  const [hanging, others] = [all.slice(0, options.hanging), all.slice(options.hanging)];
  const [median, p95]: [number[], number[]] = [[], []];
  const [plain, plain95]: [number[], number[]] = [[], []];
  const at = (sorted: readonly number[], share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0;
  await waits(stage, all);
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const receiver of hanging) receiver.react = () => 'take';
    const without = await waits(stage, others);
    await allDelivered(stage);
    for (const receiver of hanging) receiver.react = () => 'hang';
    const beside = await waits(stage, others);
    median.push(at(beside, 0.5) / at(without, 0.5));
    p95.push(at(beside, 0.95) / at(without, 0.95));
    plain.push(at(without, 0.5));
    plain95.push(at(without, 0.95));
    for (const receiver of hanging) receiver.react = () => 'take';
    await stage.receivers.down();
    await stage.receivers.up();
    await allDelivered(stage);
    progress(`round ${round} of ${options.rounds}`);
  }
  say(`deliveries: ${options.events} events to ${options.servers} servers, ${options.hanging} of which hang\n`);
  printValue('median ms from the answer to an event’s arrival, none hanging', plain, 1);
  printValue('95th percentile ms, none hanging', plain95, 1);
  printBudget('median for the others, beside those that hang / without', median, { atMost: 1.5 });
  printBudget('95th percentile for the others, beside / without', p95, { atMost: 1.5 });
}

/** As if every server that failed had asked for something. */
async function allDelivered({ database }: Stage): Promise<void> {
  for (;;) {
    await database.owner.pool.query('update destinations set retry_at = now(), failures = 0 where retry_at > now()');
    const { rowCount } = await database.owner.pool.query('select from destinations where owed limit 1');
    if (rowCount === 0) return;
    await sleep(100);
  }
}

async function measureBacklog(stage: Stage): Promise<void> {
  const { database, receivers, shared, server, worker } = stage;
  const each = Math.ceil(options.backlog / options.many);
  for (const receiver of receivers.all) receiver.react = () => 'hang';
  for (let n = 0; n < each; n += 1) await speak(stage);
  const pool = database.owner.pool;
  const pending = async (): Promise<number> =>
    Number(
      (await pool.query<{ n: number }>('select count(*) as n from deliveries where settled_at is null')).rows[0]?.n,
    );
  while ((await pending()) < each * options.many) await sleep(200);
  let [greatestServer, greatestWorker] = [0, 0];
  const watch = setInterval(() => {
    void memoryOf([server.process.pid!]).then(({ resident }) => (greatestServer = Math.max(greatestServer, resident)));
    void memoryOf([worker.process.pid!]).then(({ resident }) => (greatestWorker = Math.max(greatestWorker, resident)));
  }, 250);
  await sleep(options.seconds * 1_000);
  progress(`${await pending()} deliveries wait; the servers answer from now on`);
  for (const receiver of receivers.all) receiver.react = () => 'take';
  await receivers.down();
  await receivers.up();
  const started = performance.now();
  await allDelivered(stage);
  const seconds = (performance.now() - started) / 1_000;
  clearInterval(watch);
  say(`\ndeliveries: a backlog of ${each * options.many} for ${options.many} servers, room ${shared.roomId}\n`);
  printBudget('greatest resident memory of the server in MB', [greatestServer], { atMost: 300 });
  printBudget('greatest resident memory of the worker in MB', [greatestWorker], { atMost: 300 });
  printValue('deliveries a second once the servers answer', [(each * options.many) / seconds], 0);
}

await main();

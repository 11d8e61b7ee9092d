/** A whole knock over HTTP against a started server, in one room and over many, and where its time goes. */
import { rm } from 'node:fs/promises';
import { SERVER_NAME } from '../test/support/history.ts';
import { startServer, temporaryFolder, type TestServer } from '../test/support/server.ts';
import { startCluster, type BenchDatabase, type Cluster } from './support/cluster.ts';
import { createKnockRooms, knockRequests } from './support/http-knocks.ts';
import { runLoad } from './support/http-load.ts';
import { withCpu, type Sample } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { makePeople, type Person } from './support/people.ts';
import { readProfile, summarise } from './support/profile.ts';
import { printTable, printValue, progress, say } from './support/report.ts';
import { figures, interleave, type Contender } from './support/rounds.ts';

const options = readOptions(
  'http-knock',
  'POST /knock against a server process, from a load process, with Postgres beside them: requests a second, latency, CPU of each, and a profile of the server.',
  {
    rounds: { default: 5, help: 'rounds that count' },
    connections: { default: 64, help: 'connections, one request at a time on each' },
    knocks: { default: 4000, help: 'knocks a round, each by somebody else' },
    rooms: { default: 500, help: 'rooms of the other contender' },
    functions: { default: 15, help: 'functions of the profile that are listed' },
  },
);

interface Stage {
  readonly cluster: Cluster;
  readonly database: BenchDatabase;
  readonly dataDir: string;
  readonly people: readonly Person[];
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  const dataDir = await temporaryFolder();
  const database = await cluster.create('served');
  try {
    progress(`making ${options.knocks} people`);
    const people = await makePeople(database.owner, SERVER_NAME, 'person', options.knocks);
    const stage = { cluster, database, dataDir, people };
    await measureRounds(stage);
    await profile(stage);
  } finally {
    await database.close();
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function start({ database, dataDir }: Stage, env: Readonly<Record<string, string>> = {}): Promise<TestServer> {
  const settings = { SERVER_NAME, LOG_LEVEL: 'info', ...env };
  return startServer({ databaseUrl: database.url, dataDir, env: settings });
}

async function measureRounds(stage: Stage): Promise<void> {
  const server = await start(stage);
  const rooms = await makeRooms(stage, server, options.rooms);
  await stage.database.owner.pool.query('analyze');
  const many = `${options.rooms} rooms`;
  const contenders: readonly Contender[] = [
    { name: 'one room', run: async () => knockOn(stage, server, await makeRooms(stage, server, 1), 0) },
    { name: many, run: (round) => knockOn(stage, server, rooms, round) },
  ];
  const results = await interleave(options.rounds, contenders, progress);
  await server.stop();
  say(`http-knock: ${options.knocks} knocks a round over ${options.connections} connections\n`);
  printTable(results, 'requests/s');
  say('(own: the server)\n');
  for (const where of ['one room', many]) {
    printValue(
      `knocks a second over HTTP, ${where}`,
      figures(results, where, (s) => s.rate),
      0,
    );
    printValue(
      `p99 in ms, ${where}`,
      figures(results, where, (s) => s.p99),
      1,
    );
    printValue(
      `CPU of the server in ms a knock, ${where}`,
      figures(results, where, (s) => (s.ownCpu ?? 0) / 1_000),
      3,
    );
    printValue(
      `CPU of Postgres in ms a knock, ${where}`,
      figures(results, where, (s) => (s.postgresCpu ?? 0) / 1_000),
      3,
    );
  }
}

const makeRooms = ({ people }: Stage, server: TestServer, count: number): Promise<readonly string[]> =>
  createKnockRooms(server.url, people[0]!.token, count);

/** Everybody but the rooms' owner knocks once. */
async function knockOn(
  { cluster, people }: Stage,
  server: TestServer,
  rooms: readonly string[],
  shift: number,
): Promise<Sample> {
  const requests = knockRequests(people.slice(1), rooms, shift);
  await cluster.checkpoint();
  const { connections } = options;
  const run = () => runLoad({ port: server.port, connections, requests });
  return withCpu(cluster.pid, requests.length, run, server.process.pid);
}

/** A run that counts for nothing else: profiling slows it down. */
async function profile(stage: Stage): Promise<void> {
  progress('profiling');
  const folder = await temporaryFolder();
  const server = await start(stage, { NODE_OPTIONS: `--cpu-prof --cpu-prof-interval=200 --cpu-prof-dir=${folder}` });
  // The first room warms up the code.
  await knockOn(stage, server, await makeRooms(stage, server, 1), 0);
  const rooms = await makeRooms(stage, server, 1);
  const from = microseconds();
  const { ownCpu } = await knockOn(stage, server, rooms, 0);
  const to = microseconds();
  await server.stop();
  const { busy, kinds, functions } = summarise(await readProfile(folder), from, to);
  await rm(folder, { recursive: true, force: true });
  // A profile counts the time of the clock, also while other processes have the core: its shares hold, so they are
  // shares of the CPU time.
  const share = (part: number) =>
    `${((100 * part) / busy).toFixed(1).padStart(6)} %  ${(((ownCpu ?? 0) * part) / busy).toFixed(1).padStart(6)} µs  `;
  say(`\nprofile of the server in one room, ${((ownCpu ?? 0) / 1_000).toFixed(3)} ms of CPU a knock, by kind of work`);
  for (const { name, microseconds } of kinds) say(share(microseconds) + name);
  say('\nby function, its callees left out');
  for (const { name, microseconds } of functions.slice(0, options.functions)) say(share(microseconds) + name);
}

/** On the clock that profiles are stamped with. */
const microseconds = (): number => Number(process.hrtime.bigint() / 1_000n);

await main();

/** A whole knock over HTTP against a started server, in one room and over many, and where its time goes. */
import { rm } from 'node:fs/promises';
import { SERVER_NAME } from '../test/support/history.ts';
import { startServer, temporaryFolder, type TestServer } from '../test/support/server.ts';
import { startCluster, type BenchDatabase, type Cluster } from './support/cluster.ts';
import { runLoad } from './support/http-load.ts';
import { reasonOf } from './support/knocks.ts';
import { cpuOf, cpuOfTree, type Sample } from './support/measure.ts';
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

/** By one person, through the API. */
async function makeRooms({ people }: Stage, server: TestServer, count: number): Promise<readonly string[]> {
  const body = JSON.stringify({
    preset: 'private_chat',
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'knock' } }],
    power_level_content_override: { invite: 50 },
  });
  const headers = { authorization: `Bearer ${people[0]!.token}`, 'content-type': 'application/json' };
  const make = async (): Promise<string> => {
    const answer = await fetch(`${server.url}/_matrix/client/v3/createRoom`, { method: 'POST', headers, body });
    const { room_id } = (await answer.json()) as { room_id: string };
    return room_id;
  };
  const rooms: string[] = [];
  while (rooms.length < count) {
    rooms.push(...(await Promise.all(Array.from({ length: Math.min(20, count - rooms.length) }, make))));
  }
  return rooms;
}

/** Everybody but the rooms' owner knocks once; `shift` sends them to other rooms than the rounds before. */
async function knockOn(
  { cluster, people }: Stage,
  server: TestServer,
  rooms: readonly string[],
  shift: number,
): Promise<Sample> {
  const requests = people.slice(1).map(({ token }, n) => ({
    path: `/_matrix/client/v3/knock/${encodeURIComponent(rooms[(n + shift) % rooms.length]!)}`,
    token,
    body: JSON.stringify({ reason: reasonOf(n) }),
  }));
  await cluster.checkpoint();
  const pid = server.process.pid!;
  const before = [(await cpuOf(pid)) ?? 0, await cpuOfTree(cluster.pid)] as const;
  const measured = await runLoad({ port: server.port, connections: options.connections, requests });
  const after = [(await cpuOf(pid)) ?? 0, await cpuOfTree(cluster.pid)] as const;
  const each = (i: 0 | 1) => ((after[i] - before[i]) * 1_000) / requests.length;
  return { ...measured, ownCpu: each(0), postgresCpu: each(1) };
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
  await knockOn(stage, server, rooms, 0);
  const to = microseconds();
  await server.stop();
  const { busy, kinds, functions } = summarise(await readProfile(folder), from, to);
  await rm(folder, { recursive: true, force: true });
  say(`\nprofile of the server in one room: ${(busy / 1_000 / options.knocks).toFixed(3)} ms a knock, by kind of work`);
  for (const { name, microseconds } of kinds) say(share(microseconds, busy, name));
  say('\nby function, its callees left out');
  for (const { name, microseconds } of functions.slice(0, options.functions)) say(share(microseconds, busy, name));
}

/** On the clock that profiles are stamped with. */
const microseconds = (): number => Number(process.hrtime.bigint() / 1_000n);

function share(part: number, whole: number, name: string): string {
  return `${((100 * part) / whole).toFixed(1).padStart(6)} %  ${(part / options.knocks).toFixed(1).padStart(6)} µs a knock  ${name}`;
}

await main();

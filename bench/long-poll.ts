/** Knocks on rooms whose members wait in long polls: how soon the last of them knows, what that costs, and what waiting holds. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientWith } from '../test/support/client.ts';
import { SERVER_NAME } from '../test/support/history.ts';
import { startServer, temporaryFolder, type TestServer } from '../test/support/server.ts';
import { startCluster, type Cluster } from './support/cluster.ts';
import { cpuOf, cpuOfTree, sample } from './support/measure.ts';
import { memoryOf } from './support/memory.ts';
import { readOptions } from './support/options.ts';
import { runPaced } from './support/paced-load.ts';
import { makePeople, type Person } from './support/people.ts';
import { printBudget, printValue, progress, say } from './support/report.ts';
import { numbered, startWatchers, type Sightings, type Watchers } from './support/watchers.ts';

const options = readOptions(
  'long-poll',
  'Moderators wait in long polls, each in one room, while people knock: from the answer of a knock to the last moderator’s sync.',
  {
    rounds: { default: 5, help: 'rounds that count' },
    clients: { default: 1000, help: 'moderators who wait' },
    rooms: { default: 50, help: 'rooms, the moderators spread over them' },
    callers: { default: 64, help: 'connections that knock' },
    rate: { default: 200, help: 'knocks a second, all of them together' },
    seconds: { default: 10, help: 'of knocking a round' },
  },
);

const KNOCKS = options.rate * options.seconds;
/** For the last of the moderators. */
const PATIENCE_S = 60;
const PER_ROOM = Math.floor(options.clients / options.rooms);

interface Stage {
  readonly server: TestServer;
  readonly postmaster: number;
  readonly rooms: readonly string[];
  readonly knockers: readonly Person[];
  readonly watchers: Watchers;
}

interface Round {
  /** Milliseconds from a knock's answer to the last moderator's. */
  readonly p50: number;
  readonly p99: number;
  /** The same from when the knock was sent. */
  readonly wholeP50: number;
  readonly wholeP99: number;
  readonly rate: number;
  readonly knockP99: number;
  /** Milliseconds of CPU of the server, and of Postgres, for each answer of /sync; the knocks are in it. */
  readonly cpu: number;
  readonly postgresCpu: number;
  /** The same of the process that holds the moderators' connections. */
  readonly clientCpu: number;
  /** Answers of /sync for each knock. */
  readonly answers: number;
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  const dataDir = await temporaryFolder();
  const database = await cluster.create('served');
  try {
    const runs = options.rounds + 1;
    progress('making people');
    const moderators = await makePeople(database.owner, SERVER_NAME, 'moderator', PER_ROOM * options.rooms);
    const knockers = await makePeople(
      database.owner,
      SERVER_NAME,
      'knocker',
      Math.ceil((KNOCKS * runs) / options.rooms),
    );
    const server = await startServer({
      databaseUrl: database.url,
      dataDir,
      env: { SERVER_NAME, LOG_LEVEL: 'info' },
    });
    try {
      const rooms = await fillRooms(server.url, moderators);
      await database.owner.pool.query('analyze');
      await measure(cluster, server, { rooms, moderators, knockers });
    } finally {
      await server.stop();
    }
  } finally {
    await database.close();
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

interface Scene {
  readonly rooms: readonly string[];
  readonly moderators: readonly Person[];
  readonly knockers: readonly Person[];
}

async function measure(cluster: Cluster, server: TestServer, { rooms, moderators, knockers }: Scene): Promise<void> {
  const tokens = moderators.map(({ token }) => token);
  const watchers = await startWatchers(server.port, tokens);
  const stage = { server, postmaster: cluster.pid, rooms, knockers, watchers };
  try {
    await sleep(3_000);
    const resting = await memoryOf([server.process.pid!]);
    const rounds: Round[] = [];
    const memory: number[] = [];
    for (let round = 0; round <= options.rounds; round += 1) {
      await cluster.checkpoint();
      const measured = await knockRound(stage, round);
      progress(round === 0 ? 'warmed up' : `round ${round} of ${options.rounds}`);
      if (round === 0) continue;
      rounds.push(measured);
      memory.push((await memoryOf([server.process.pid!])).resident);
    }
    print(rounds, resting.resident, memory);
  } finally {
    watchers.stop();
  }
}

/** A room for each `PER_ROOM` moderators: the first makes it, and all keep its door. */
async function fillRooms(url: string, moderators: readonly Person[]): Promise<readonly string[]> {
  const rooms: string[] = [];
  for (let n = 0; n < options.rooms; n += 1) {
    const [owner, ...others] = moderators
      .slice(n * PER_ROOM, (n + 1) * PER_ROOM)
      .map(({ token, userId }) => clientWith(url, token, userId));
    const { body } = await owner!.call('POST', '/createRoom', {
      name: `Room ${n}`,
      initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'public' } }],
      power_level_content_override: { users: Object.fromEntries(others.map(({ userId }) => [userId, 50])) },
    });
    await Promise.all(others.map((other) => other.call('POST', `/join/${body.room_id}`, {})));
    await owner!.call('PUT', `/rooms/${body.room_id}/state/m.room.join_rules`, { join_rule: 'knock' });
    rooms.push(body.room_id);
    progress(`${n + 1} of ${options.rooms} rooms`);
  }
  return rooms;
}

/** Everybody knocks on rooms that they have not knocked on yet, and every moderator sees every knock on their room. */
async function knockRound({ server, postmaster, rooms, knockers, watchers }: Stage, round: number): Promise<Round> {
  const requests = Array.from({ length: KNOCKS }, (_, i) => {
    const n = round * KNOCKS + i;
    const room = rooms[n % rooms.length]!;
    const { token } = knockers[Math.floor(n / rooms.length)]!;
    const path = `/_matrix/client/v3/knock/${encodeURIComponent(room)}`;
    return { path, token, body: JSON.stringify({ reason: numbered(n) }) };
  });
  const answersBefore = (await watchers.report()).answers;
  const used = async () =>
    [(await cpuOf(server.process.pid!)) ?? 0, await cpuOfTree(postmaster), (await cpuOf(watchers.pid)) ?? 0] as const;
  const before = await used();
  const { callers, rate } = options;
  const { answered, waits, milliseconds } = await runPaced({ port: server.port, callers, rate, requests });
  const seen = await allSeen(watchers, round);
  const after = await used();
  const answers = seen.answers - answersBefore;
  const delays = answered.map((at, i) => Math.max(0, seen.last[round * KNOCKS + i]! - at));
  const { p50, p99 } = sample(KNOCKS, milliseconds, delays);
  const whole = sample(
    KNOCKS,
    milliseconds,
    answered.map((at, i) => seen.last[round * KNOCKS + i]! - (at - waits[i]!)),
  );
  const knocks = sample(KNOCKS, milliseconds, waits);
  return {
    p50,
    p99,
    wholeP50: whole.p50,
    wholeP99: whole.p99,
    rate: knocks.rate,
    knockP99: knocks.p99,
    cpu: (after[0] - before[0]) / answers,
    postgresCpu: (after[1] - before[1]) / answers,
    clientCpu: (after[2] - before[2]) / answers,
    answers: answers / KNOCKS,
  };
}

/** Waits until every moderator has seen every knock on their room, each once. */
async function allSeen(watchers: Watchers, round: number): Promise<Sightings> {
  const knocks = Array.from({ length: KNOCKS }, (_, i) => round * KNOCKS + i);
  for (let looked = 0; looked < PATIENCE_S * 2; looked += 1) {
    const seen = await watchers.report();
    if (knocks.every((n) => seen.count[n] === PER_ROOM)) return seen;
    await sleep(500);
  }
  throw new Error(`not every moderator saw every knock of round ${round} once`);
}

function print(rounds: readonly Round[], resting: number, memory: readonly number[]): void {
  const { clients, rooms, rate, callers } = options;
  say(`long-poll: ${clients} moderators over ${rooms} rooms, ${rate} knocks a second by ${callers} callers\n`);
  const each = (pick: (round: Round) => number) => rounds.map(pick);
  printBudget(
    'ms from a knock’s answer to the last moderator’s sync, p99',
    each((r) => r.p99),
    { atMost: 50 },
  );
  printValue(
    'the same, p50',
    each((r) => r.p50),
    1,
  );
  printValue(
    'ms from a knock’s request to the last moderator’s sync, p50',
    each((r) => r.wholeP50),
    1,
  );
  printValue(
    'the same, p99',
    each((r) => r.wholeP99),
    1,
  );
  printValue(
    'knocks a second',
    each((r) => r.rate),
    0,
  );
  printValue(
    'ms to a knock’s answer, p99',
    each((r) => r.knockP99),
    1,
  );
  printValue(
    'answers of /sync for each knock',
    each((r) => r.answers),
    1,
  );
  printValue(
    'CPU of the server in ms for each woken client, knocks included',
    each((r) => r.cpu),
    3,
  );
  printValue(
    'CPU of Postgres in ms for each woken client, knocks included',
    each((r) => r.postgresCpu),
    3,
  );
  printValue(
    'CPU of the moderators’ process in ms for each answer',
    each((r) => r.clientCpu),
    3,
  );
  printValue('resident memory of the server in MB, all waiting, nobody knocks', [resting], 0);
  printBudget('resident memory of the server in MB, after a round', memory, { atMost: 300 });
}

await main();

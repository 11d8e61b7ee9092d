/**
 * A first sync of many rooms, and the members of a very big one: this server and Synapse, the same data, on the same
 * Postgres, in one run. Rooms are made by the same requests to either server. Here members join and people knock over HTTP;
 * in Synapse they are rows, each a copy of what it wrote for the creator's own join, for letting so many join takes it
 * half an hour.
 */
import { rm } from 'node:fs/promises';
import { register, type Client } from '../test/support/client.ts';
import { SERVER_NAME } from '../test/support/history.ts';
import { startServer, temporaryFolder } from '../test/support/server.ts';
import { startCluster, type BenchDatabase, type Cluster } from './support/cluster.ts';
import { runLoad } from './support/http-load.ts';
import { sample, withCpu, type Sample } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { makePeople } from './support/people.ts';
import { longestWait, readWhole, type Reading } from './support/read-whole.ts';
import { printTable, printValue, progress, say } from './support/report.ts';
import { figures, interleave, ratios, type Contender } from './support/rounds.ts';
import { prepareSynapse, type Synapse } from './support/synapse.ts';

const options = readOptions(
  'reading',
  'GET /sync without a token by somebody in many rooms, and GET /members of a big room: one request at a time, against a server process and against Synapse on the same Postgres.',
  {
    rounds: { default: 5, help: 'rounds that count' },
    rooms: { default: 500, help: 'rooms that are synced' },
    members: { default: 50_000, help: 'members of the big room' },
    knocks: { default: 500, help: 'people who knock on it' },
    requests: { default: 3, help: 'of each kind a round' },
  },
);

/** A server with the data: a reader of many rooms, and the owner of a big one. */
interface Side {
  readonly port: number;
  readonly pid: number;
  readonly reader: Client;
  readonly owner: Client;
  readonly bigRoom: string;
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  const dataDir = await temporaryFolder();
  const database = await cluster.create('served');
  const synapse = await prepareSynapse(await cluster.createPlain('synapse'));
  try {
    const server = await startServer({
      databaseUrl: database.url,
      dataDir,
      env: { SERVER_NAME, LOG_LEVEL: 'info', REGISTRATION: 'open' },
    });
    try {
      const ours = { ...(await makeData(server.url)), port: server.port, pid: server.process.pid! };
      await fillOurs(database, ours);
      const theirs = await makeSynapseData(synapse);
      await expectAlike(ours, theirs);
      await compare(cluster, ours, theirs);
    } finally {
      await server.stop();
      await synapse.stop();
    }
  } finally {
    await database.close();
    await cluster.stop();
    await synapse.remove();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The same requests to either server. */
async function makeData(url: string): Promise<Omit<Side, 'port' | 'pid'>> {
  const [reader, owner] = [await register(url, 'reader'), await register(url, 'owner')];
  const create = async (who: Client, name: string): Promise<string> => {
    const initial_state = [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'public' } }];
    const body = { name, room_version: '12', preset: 'private_chat', initial_state };
    return (await who.ok('POST', '/createRoom', body)).room_id;
  };
  for (let n = 0; n < options.rooms; n += 1) {
    await create(reader, `Room ${n}`);
    if (n % 50 === 0) progress(`${n} of ${options.rooms} rooms`);
  }
  return { reader, owner, bigRoom: await create(owner, 'Big room') };
}

const lockDoor = ({ owner, bigRoom }: Pick<Side, 'owner' | 'bigRoom'>) =>
  owner.ok('PUT', `/rooms/${bigRoom}/state/m.room.join_rules`, { join_rule: 'knock' });

const AT_ONCE = 5_000;

/** Everybody joins, or knocks, over HTTP. */
async function fillOurs(database: BenchDatabase, side: Side): Promise<void> {
  const come = async (act: 'join' | 'knock', all: number): Promise<void> => {
    const path = `/_matrix/client/v3/${act}/${encodeURIComponent(side.bigRoom)}`;
    for (let done = 0; done < all; done += AT_ONCE) {
      progress(`${done} of ${all} people ${act}`);
      const prefix = `${act}${done}x`;
      const people = await makePeople(database.service, SERVER_NAME, prefix, Math.min(AT_ONCE, all - done));
      const requests = people.map(({ token }) => ({ path, token, body: '{}' }));
      await runLoad({ port: side.port, connections: 64, requests });
    }
  };
  await come('join', options.members - 1);
  await lockDoor(side);
  await come('knock', options.knocks);
  await database.owner.pool.query('analyze');
}

async function makeSynapseData(synapse: Synapse): Promise<Side> {
  progress('the same in Synapse');
  await synapse.start();
  const theirs = await makeData(synapse.url);
  await lockDoor(theirs);
  await synapse.stop();
  await synapse.fill(theirs.bigRoom, options.members - 1, options.knocks);
  await synapse.start();
  return { ...theirs, port: synapse.port, pid: synapse.pid() };
}

/** What is read: its name, its path, whose token, and how many rooms or members are in it. */
interface Kind {
  readonly name: string;
  readonly reading: (side: Side) => Reading;
  readonly expected: number;
}

const BASE = '/_matrix/client/v3';
const membersOf = ({ bigRoom }: Side): string => `${BASE}/rooms/${encodeURIComponent(bigRoom)}/members`;
const KINDS: readonly Kind[] = [
  {
    name: `first sync, ${options.rooms} rooms`,
    reading: ({ port, reader }) => ({ port, path: `${BASE}/sync`, token: reader.token }),
    expected: options.rooms,
  },
  {
    name: `members, ${options.members} and ${options.knocks} knocks`,
    reading: (side) => ({ port: side.port, path: membersOf(side), token: side.owner.token }),
    expected: options.members + options.knocks,
  },
  {
    name: `knocks among them, ${options.knocks}`,
    reading: (side) => ({ port: side.port, path: `${membersOf(side)}?membership=knock`, token: side.owner.token }),
    expected: options.knocks,
  },
];
const SYNAPSE = ', Synapse';

async function expectAlike(...sides: readonly Side[]): Promise<void> {
  for (const side of sides) {
    for (const { name, reading, expected } of KINDS) {
      const { path, token } = reading(side);
      const answer = await fetch(`http://127.0.0.1:${side.port}${path}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      const body = (await answer.json()) as { readonly rooms?: { readonly join: object }; readonly chunk?: object };
      const found = Object.keys(body.rooms?.join ?? body.chunk ?? {}).length;
      if (found !== expected) throw new Error(`${name}: ${found} instead of ${expected}`);
    }
  }
}

async function compare(cluster: Cluster, ours: Side, theirs: Side): Promise<void> {
  const timed = async (reading: Reading): Promise<Sample> => {
    const waits: number[] = [];
    for (let n = 0; n < options.requests; n += 1) waits.push(await readWhole(reading));
    const all = waits.reduce((sum, wait) => sum + wait, 0);
    return sample(waits.length, all, waits);
  };
  const contenders: readonly Contender[] = KINDS.flatMap(({ name, reading }) =>
    [ours, theirs].map((side) => ({
      name: side === ours ? name : name + SYNAPSE,
      run: () => withCpu(cluster.pid, options.requests, () => timed(reading(side)), side.pid),
    })),
  );
  await cluster.checkpoint();
  const results = await interleave(options.rounds, contenders, progress);
  say(`reading: one request at a time, ${options.requests} of each kind a round\n`);
  printTable(results, 'requests/s');
  say('(own: the server, or Synapse)\n');
  for (const { name, reading } of KINDS) {
    const median = (of: string) => figures(results, of, ({ p50 }) => p50);
    printValue(`ms, ${name}`, median(name), 0);
    printValue(`ms, ${name}${SYNAPSE}`, median(name + SYNAPSE), 0);
    const times = ratios(results, name + SYNAPSE, name, ({ p50 }) => p50);
    printValue(`Synapse’s time over ours, ${name}`, times, 2);
    const cpu = (of: string) =>
      figures(results, of, ({ ownCpu, postgresCpu }) => ((ownCpu ?? 0) + (postgresCpu ?? 0)) / 1_000);
    printValue(`CPU with Postgres’ in ms, ${name}`, cpu(name), 0);
    printValue(`CPU with Postgres’ in ms, ${name}${SYNAPSE}`, cpu(name + SYNAPSE), 0);
    for (const side of [ours, theirs]) {
      const waits: number[] = [];
      for (let n = 0; n < options.rounds; n += 1) waits.push(await longestWait(reading(side)));
      printValue(`ms, others wait during ${name}${side === ours ? '' : SYNAPSE}`, waits, 0);
    }
  }
}

await main();

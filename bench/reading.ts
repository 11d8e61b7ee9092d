/** A first sync of many rooms, and the members of a very big one: this server and Synapse, the same data, in one run. */
import { rm } from 'node:fs/promises';
import { register, type Client } from '../test/support/client.ts';
import { SERVER_NAME } from '../test/support/history.ts';
import { startServer, temporaryFolder } from '../test/support/server.ts';
import { startCluster, type BenchDatabase, type Cluster } from './support/cluster.ts';
import { runLoad } from './support/http-load.ts';
import { sample, type Sample } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { makePeople } from './support/people.ts';
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
    requests: { default: 3, help: 'of each kind a round' },
  },
);

/** A server with the data: a reader of many rooms, and the owner of a big one. */
interface Side {
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
      const ours = await makeData(server.url);
      await fillOurs(database, server.port, ours);
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
async function makeData(url: string): Promise<Side> {
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

/** Everybody joins over HTTP. */
async function fillOurs({ owner }: BenchDatabase, port: number, { bigRoom }: Side): Promise<void> {
  progress(`${options.members} members join`);
  const people = await makePeople(owner, SERVER_NAME, 'member', options.members - 1);
  const path = `/_matrix/client/v3/join/${encodeURIComponent(bigRoom)}`;
  const requests = people.map(({ token }) => ({ path, token, body: '{}' }));
  await runLoad({ port, connections: 64, requests });
  await owner.pool.query('analyze');
}

/** Synapse takes half an hour for as many joins: its members are written into its database. */
async function makeSynapseData(synapse: Synapse): Promise<Side> {
  progress('the same in Synapse');
  await synapse.start();
  const theirs = await makeData(synapse.url);
  await synapse.stop();
  await synapse.fill(theirs.bigRoom, options.members - 1);
  await synapse.start();
  return theirs;
}

const sync = async ({ reader }: Side): Promise<number> =>
  Object.keys((await reader.ok('GET', '/sync')).rooms.join).length;
const members = async ({ owner, bigRoom }: Side): Promise<number> =>
  (await owner.ok('GET', `/rooms/${bigRoom}/members`)).chunk.length;

async function expectAlike(ours: Side, theirs: Side): Promise<void> {
  const found = [await sync(ours), await sync(theirs), await members(ours), await members(theirs)];
  const expected = [options.rooms, options.rooms, options.members, options.members];
  if (found.join() !== expected.join())
    throw new Error(`rooms and members are ${found.join()}, not ${expected.join()}`);
}

async function compare(cluster: Cluster, ours: Side, theirs: Side): Promise<void> {
  const timed = async (ask: () => Promise<number>): Promise<Sample> => {
    const waits: number[] = [];
    for (let n = 0; n < options.requests; n += 1) {
      const asked = performance.now();
      await ask();
      waits.push(performance.now() - asked);
    }
    return sample(
      waits.length,
      waits.reduce((sum, wait) => sum + wait, 0),
      waits,
    );
  };
  const [rooms, people] = [`first sync, ${options.rooms} rooms`, `members, ${options.members}`];
  const contenders: readonly Contender[] = [
    { name: rooms, run: () => timed(() => sync(ours)) },
    { name: `${rooms}, Synapse`, run: () => timed(() => sync(theirs)) },
    { name: people, run: () => timed(() => members(ours)) },
    { name: `${people}, Synapse`, run: () => timed(() => members(theirs)) },
  ];
  await cluster.checkpoint();
  const results = await interleave(options.rounds, contenders, progress);
  say(`reading: one request at a time, ${options.requests} of each kind a round\n`);
  printTable(results, 'requests/s');
  say('');
  for (const name of [rooms, people]) {
    printValue(
      `ms, ${name}`,
      figures(results, name, ({ p50 }) => p50),
      0,
    );
    printValue(
      `ms, ${name}, Synapse`,
      figures(results, `${name}, Synapse`, ({ p50 }) => p50),
      0,
    );
    printValue(
      `Synapse’s time over ours, ${name}`,
      ratios(results, `${name}, Synapse`, name, ({ p50 }) => p50),
      2,
    );
  }
}

await main();

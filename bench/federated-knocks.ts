/**
 * Knocks of another server's users: this server and Synapse, on the same Postgres, in one run, asked by the same homeserver,
 * which signs all it asks and whose own CPU is told apart.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { clientWith, register, requestOf, type Client } from '../test/support/client.ts';
import { SERVER_NAME } from '../test/support/history.ts';
import { freePort } from '../test/support/free-port.ts';
import { startServer, temporaryFolder } from '../test/support/server.ts';
import { startCluster, type BenchDatabase, type Cluster } from './support/cluster.ts';
import { startHomeserverProcess, type FederatedLoad, type Homeserver } from './support/federated-load.ts';
import { runLoad } from './support/http-load.ts';
import { createKnockRooms } from './support/http-knocks.ts';
import { withCpu, type Sample } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { makePeople } from './support/people.ts';
import { printBudget, printTable, printValue, progress, say } from './support/report.ts';
import { figures, interleave, ratios, type Contender } from './support/rounds.ts';
import { prepareSynapse, type Synapse } from './support/synapse.ts';

const options = readOptions(
  'federated-knocks',
  'make_knock and send_knock by users of another server, over plain HTTP: knocks a second, latency, CPU of the server with its database and of the one who asks; and the same of a Synapse.',
  {
    rounds: { default: 3, help: 'rounds that count' },
    knocks: { default: 2000, help: 'knocks a round on this server' },
    slow: { default: 100, help: 'knocks a round on Synapse' },
    members: { default: 10_000, help: 'members of the big room' },
    rooms: { default: 20, help: 'rooms, where there are many' },
    from: { default: 1, help: 'the first of the kinds of load, by its place in the table' },
    to: { default: 99, help: 'the last of them' },
  },
);

interface Side {
  readonly name: string;
  /** Of the API for other servers. */
  readonly port: number;
  readonly pid: number;
  readonly rooms: readonly string[];
  readonly bigRoom: string;
  readonly knocks: number;
}

async function main(): Promise<void> {
  const homeserver = await startHomeserverProcess();
  const cluster = await startCluster();
  const dataDir = await temporaryFolder();
  const database = await cluster.create('served');
  const synapse = await prepareSynapse(await cluster.createPlain('synapse'), homeserver.ca);
  try {
    await writeFile(join(dataDir, 'ca.pem'), homeserver.ca);
    const port = await freePort();
    const server = await startServer({
      databaseUrl: database.url,
      dataDir,
      env: {
        SERVER_NAME,
        LOG_LEVEL: 'info',
        REGISTRATION: 'open',
        FEDERATION_LISTEN: `127.0.0.1:${port}`,
        FEDERATION_CA_FILE: join(dataDir, 'ca.pem'),
        FEDERATION_ALLOW_NETWORKS: '127.0.0.0/8,::1/128',
      },
    });
    try {
      const ours = await ourSide(database, server.url, server.port, port, server.process.pid!);
      const theirs = await synapseSide(synapse);
      await compare(cluster, homeserver, ours, theirs);
    } finally {
      await server.stop();
      await synapse.stop();
    }
  } finally {
    homeserver.stop();
    await database.close();
    await cluster.stop();
    await synapse.remove();
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function ourSide(
  database: BenchDatabase,
  url: string,
  clientPort: number,
  port: number,
  pid: number,
): Promise<Side> {
  const owner = await register(url, 'owner');
  const bigRoom = await openRoom(owner);
  progress(`${options.members} people join`);
  const people = await makePeople(database.service, SERVER_NAME, 'member', options.members - 1);
  const path = `/_matrix/client/v3/join/${encodeURIComponent(bigRoom)}`;
  const requests = people.map(({ token }) => ({ path, token, body: '{}' }));
  await runLoad({ port: clientPort, connections: 64, requests });
  await lockDoor(owner, bigRoom);
  const rooms = await createKnockRooms(url, owner.token, options.rooms + 1);
  await database.owner.pool.query('analyze');
  return { name: SERVER_NAME, port, pid, rooms, bigRoom, knocks: options.knocks };
}

async function synapseSide(synapse: Synapse): Promise<Side> {
  progress('the same in Synapse');
  await synapse.start();
  const owner = await register(synapse.url, 'owner', undefined, requestOf);
  const bigRoom = await openRoom(clientWith(synapse.url, owner.token, owner.userId, requestOf));
  await lockDoor(owner, bigRoom);
  const rooms = await createKnockRooms(synapse.url, owner.token, options.rooms + 1);
  await synapse.stop();
  await synapse.fill(bigRoom, options.members - 1, 0);
  await synapse.start();
  const { name, serverPort: port } = synapse;
  return { name, port, pid: synapse.pid(), rooms, bigRoom, knocks: options.slow };
}

async function openRoom(owner: Client): Promise<string> {
  const initial_state = [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'public' } }];
  const body = { name: 'Big room', room_version: '12', preset: 'private_chat', initial_state };
  return (await owner.ok('POST', '/createRoom', body)).room_id;
}

const lockDoor = (owner: Client, roomId: string) =>
  owner.ok('PUT', `/rooms/${encodeURIComponent(roomId)}/state/m.room.join_rules`, { join_rule: 'knock' });

type FederatedSample = Sample & { readonly loadCpu: number };

interface Kind {
  readonly name: string;
  readonly rooms: (side: Side) => readonly string[];
  readonly connections: number;
  readonly templates: FederatedLoad['templates'];
}

const one = ({ rooms }: Side): readonly string[] => rooms.slice(0, 1);
const many = ({ rooms }: Side): readonly string[] => rooms.slice(1);
const big = ({ bigRoom }: Side): readonly string[] => [bigRoom];
const ALL_KINDS: readonly Kind[] = [
  ...[1, 16, 64].map((connections) => ({
    name: `one room, ${connections} at once`,
    rooms: one,
    connections,
    templates: 'fresh' as const,
  })),
  ...[1, 16, 64].map((connections) => ({
    name: `${options.rooms} rooms, ${connections} at once`,
    rooms: many,
    connections,
    templates: 'fresh' as const,
  })),
  { name: 'one room, one template, 16 at once', rooms: one, connections: 16, templates: 'one' },
  { name: 'one room, one template, 64 at once', rooms: one, connections: 64, templates: 'one' },
  { name: `${options.members} members, 16 at once`, rooms: big, connections: 16, templates: 'fresh' },
];
const KINDS = ALL_KINDS.slice(options.from - 1, options.to);
const SYNAPSE = ', Synapse';

async function compare(cluster: Cluster, homeserver: Homeserver, ours: Side, theirs: Side): Promise<void> {
  let crowds = 0;
  const loadCpu = new Map<string, number[]>();
  const knock = async (kind: Kind, side: Side, name: string, round: number): Promise<FederatedSample> => {
    const { connections, templates } = kind;
    const load: FederatedLoad = {
      port: side.port,
      destination: side.name,
      rooms: kind.rooms(side),
      version: '12',
      connections,
      // Few at once take long.
      knocks: connections === 1 ? Math.ceil(side.knocks / 4) : side.knocks,
      templates,
      crowd: `crowd${(crowds += 1)}x`,
    };
    progress(name);
    const measured = await withCpu(cluster.pid, load.knocks, () => homeserver.knock(load), side.pid);
    if (round > 0) loadCpu.set(name, [...(loadCpu.get(name) ?? []), (measured as FederatedSample).loadCpu]);
    return measured as FederatedSample;
  };
  const contenders: readonly Contender[] = KINDS.flatMap((kind) =>
    [ours, theirs].map((side) => {
      const name = side === ours ? kind.name : kind.name + SYNAPSE;
      return { name, run: (round: number) => knock(kind, side, name, round) };
    }),
  );
  await cluster.checkpoint();
  const results = await interleave(options.rounds, contenders, progress);
  say(`federated-knocks: ${options.knocks} knocks a round here, ${options.slow} on Synapse\n`);
  printTable(results, 'knocks/s');
  say('(own: the server, or Synapse)\n');
  const cpu = (sample: Sample): number => ((sample.ownCpu ?? 0) + (sample.postgresCpu ?? 0)) / 1_000;
  for (const { name } of KINDS) {
    printValue(`CPU of server and Postgres in ms a knock, ${name}`, figures(results, name, cpu), 2);
    printValue(`the same of Synapse, ${name}`, figures(results, name + SYNAPSE, cpu), 1);
    printValue(
      `CPU of the one who asks in ms a knock, ${name}`,
      (loadCpu.get(name) ?? []).map((us) => us / 1_000),
      2,
    );
    printBudget(`Synapse’s CPU over ours, ${name}`, ratios(results, name + SYNAPSE, name, cpu), { atLeast: 10 });
    printBudget(`our rate over Synapse’s, ${name}`, ratios(results, name, name + SYNAPSE), { atLeast: 10 });
  }
}

await main();

/** A room's moderators follow it by subscriptions over WebSocket while people knock: how soon the last of them knows, and what that holds. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient, type Client as Subscriber } from 'graphql-ws';
import { WebSocket } from 'ws';
import { clientWith } from '../test/support/client.ts';
import { SERVER_NAME } from '../test/support/history.ts';
import { startServer, temporaryFolder, type TestServer } from '../test/support/server.ts';
import { startCluster, type Cluster } from './support/cluster.ts';
import { cpuOf, cpuOfTree } from './support/measure.ts';
import { memoryOf } from './support/memory.ts';
import { readOptions } from './support/options.ts';
import { makePeople, type Person } from './support/people.ts';
import { printBudget, printValue, progress, say } from './support/report.ts';

const options = readOptions('stream', 'Subscribers follow one room while people knock on it.', {
  subscribers: { default: 1000, help: 'moderators with a subscription each' },
  knocks: { default: 20, help: 'knocks that count, one after the other' },
  pause: { default: 300, help: 'milliseconds between a knock that everybody has seen and the next' },
});

const QUERY = `subscription ($where: TransitionFilter) { transitions(where: $where) {
  position kind recordedAt room { roomId name } user { userId } actor { userId } } }`;
const WARM_UP = 3;

interface Scene {
  readonly server: TestServer;
  readonly roomId: string;
  readonly moderators: readonly Person[];
  readonly knockers: readonly Person[];
}

async function main(): Promise<void> {
  const cluster = await startCluster();
  const dataDir = await temporaryFolder();
  const database = await cluster.create('served');
  try {
    progress('making people');
    const moderators = await makePeople(database.owner, SERVER_NAME, 'moderator', options.subscribers);
    const knockers = await makePeople(database.owner, SERVER_NAME, 'knocker', options.knocks + WARM_UP);
    const env = { SERVER_NAME, LOG_LEVEL: 'info' };
    const server = await startServer({ databaseUrl: database.url, dataDir, env });
    try {
      const roomId = await fillRoom(server.url, moderators);
      await database.owner.pool.query('analyze');
      await measure(cluster, { server, roomId, moderators, knockers });
    } finally {
      await server.stop();
    }
  } finally {
    await database.close();
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Everybody keeps the room's door. */
async function fillRoom(url: string, moderators: readonly Person[]): Promise<string> {
  const [owner, ...others] = moderators.map(({ token, userId }) => clientWith(url, token, userId));
  const users = Object.fromEntries(others.map(({ userId }) => [userId, 50]));
  const { body } = await owner!.call('POST', '/createRoom', {
    name: 'The door',
    initial_state: [{ type: 'm.room.join_rules', state_key: '', content: { join_rule: 'public' } }],
    power_level_content_override: { users },
  });
  for (let n = 0; n < others.length; n += 50) {
    const some = others.slice(n, n + 50);
    await Promise.all(some.map((other) => other.call('POST', `/join/${body.room_id}`, {})));
    progress(`${n + some.length} of ${others.length} moderators are in`);
  }
  await owner!.call('PUT', `/rooms/${body.room_id}/state/m.room.join_rules`, { join_rule: 'knock' });
  return body.room_id;
}

/** For each subscriber how many knocks have come. */
interface Watch {
  readonly counts: number[];
  /** When the last subscriber had so many; milliseconds of this process' clock. */
  all(count: number): Promise<number>;
  stop(): void;
}

function watch({ server, roomId, moderators }: Scene): Watch {
  const counts = moderators.map(() => 0);
  let last = 0;
  const clients: Subscriber[] = moderators.map(({ token }, n) => {
    const client = createClient({
      url: `${server.url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      connectionParams: { authorization: `Bearer ${token}` },
    });
    client.subscribe(
      { query: QUERY, variables: { where: { roomId } } },
      {
        next() {
          counts[n]! += 1;
          last = performance.now();
        },
        error: (error) => progress(`a subscriber broke off: ${JSON.stringify(error)}`),
        complete: () => undefined,
      },
    );
    return client;
  });
  return {
    counts,
    async all(count) {
      while (counts.some((come) => come < count)) await sleep(2);
      if (counts.some((come) => come > count)) throw new Error('a transition came twice');
      return last;
    },
    stop: () => clients.forEach((client) => void client.dispose()),
  };
}

async function measure(cluster: Cluster, scene: Scene): Promise<void> {
  const { server, roomId, knockers } = scene;
  const pid = server.process.pid!;
  const before = (await memoryOf([pid])).resident;
  const watching = watch(scene);
  try {
    await opened(server);
    const resting = (await memoryOf([pid])).resident;
    const used = async () => [(await cpuOf(pid)) ?? 0, await cpuOfTree(cluster.pid)] as const;
    const delays: number[] = [];
    let started = await used();
    for (const [n, { token, userId }] of knockers.entries()) {
      if (n === WARM_UP) started = await used();
      const knocker = clientWith(server.url, token, userId);
      const asked = performance.now();
      await knocker.call('POST', `/knock/${roomId}`, { reason: `knock ${n}` });
      const seen = await watching.all(n + 1);
      if (n >= WARM_UP) delays.push(seen - asked);
      await sleep(options.pause);
    }
    const ended = await used();
    const sent = options.knocks * options.subscribers;
    say(`stream: ${options.subscribers} subscribers of one room, over WebSocket, ${options.knocks} knocks\n`);
    printBudget('ms from sending a knock to the last subscriber who has it', delays, { atMost: 1_000 });
    printValue('CPU of the server in ms for each transition sent', [(ended[0] - started[0]) / sent], 3);
    printValue('CPU of Postgres in ms for each transition sent', [(ended[1] - started[1]) / sent], 3);
    printValue('resident memory of the server in MB, without subscribers', [before], 0);
    printValue('resident memory of the server in MB, all waiting', [resting], 0);
    printValue('resident memory of the server in MB, afterwards', [(await memoryOf([pid])).resident], 0);
  } finally {
    watching.stop();
  }
}

async function opened({ url }: TestServer): Promise<void> {
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text();
    const open = Number(/^vestibule_subscriptions (\d+)/m.exec(text)?.[1]);
    if (open === options.subscribers) break;
    progress(`${open} of ${options.subscribers} subscriptions are open`);
    await sleep(500);
  }
  await sleep(1_000);
}

await main();

/**
 * The whole way of a knock with a real Synapse at the other end: its user knocks on a room here, is invited and joins. How long
 * each step takes as the people see it, and how much of that is this server's.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../test/support/certificates.ts';
import { knockRoom, register, type Answer, type Client } from '../test/support/client.ts';
import { pythonEnvironment, SYNAPSE } from '../test/support/python-environment.ts';
import { freePort } from '../test/support/free-port.ts';
import { startServer, temporaryFolder, type TestServer } from '../test/support/server.ts';
import { startSynapse, type Synapse } from '../test/support/synapse.ts';
import { startCluster } from './support/cluster.ts';
import { cpuOf, cpuOfTree } from './support/measure.ts';
import { readOptions } from './support/options.ts';
import { printValue, progress, say } from './support/report.ts';

const options = readOptions(
  'cycle',
  "A Synapse's user knocks on a room of this server, is invited and joins, one after the other: time of each step, and our share of it.",
  {
    rounds: { default: 3, help: 'rounds that count' },
    cycles: { default: 20, help: 'people a round' },
  },
);

async function main(): Promise<void> {
  const environment = await pythonEnvironment(SYNAPSE);
  if ('missing' in environment) throw new Error(`Synapse could not be installed: ${environment.missing}`);
  const cluster = await startCluster();
  const database = await cluster.create('served');
  const dataDir = await temporaryFolder();
  const authority = await createAuthority();
  const port = await freePort();
  const { cert, key } = await authority.certify();
  const files = { 'chain.pem': cert, 'key.pem': key, 'ca.pem': authority.ca };
  for (const [name, text] of Object.entries(files)) await writeFile(join(dataDir, name), text);
  const server = await startServer({
    databaseUrl: database.url,
    dataDir,
    env: {
      SERVER_NAME: `localhost:${port}`,
      LOG_LEVEL: 'info',
      REGISTRATION: 'open',
      FEDERATION_LISTEN: `127.0.0.1:${port}`,
      FEDERATION_TLS_CERT: join(dataDir, 'chain.pem'),
      FEDERATION_TLS_KEY: join(dataDir, 'key.pem'),
      FEDERATION_CA_FILE: join(dataDir, 'ca.pem'),
      FEDERATION_ALLOW_NETWORKS: '127.0.0.0/8,::1/128',
    },
  });
  const synapse = await startSynapse(environment.python, authority);
  try {
    await measure(server, synapse, `localhost:${port}`, cluster.pid);
  } finally {
    await synapse.stop();
    await server.stop();
    await database.close();
    await cluster.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const STEPS = ['knock', 'invite', 'join'] as const;
/** What the other server asks of this one during a step; the invite is asked of this one by its own client. */
const ROUTES = {
  knock: /federation\/v1\/(make|send)_knock/,
  invite: /client\/v3\/rooms\/[^"]*\/invite/,
  join: /federation\/v\d\/(make|send)_join/,
} as const;

async function measure(server: TestServer, synapse: Synapse, name: string, postmaster: number): Promise<void> {
  const owner = await register(server.url, 'owner');
  const times: Record<string, number[]> = {};
  const note = (what: string, value: number): void => void (times[what] ??= []).push(value);
  for (let round = 0; round <= options.rounds; round += 1) {
    const people: Client[] = [];
    for (let n = 0; n < options.cycles; n += 1) people.push(await synapse.person(`person${round}x${n}`));
    const roomId = await knockRoom(owner, { room_version: '12' });
    const [seconds, ours, postgres] = [
      await requestSeconds(server),
      await cpuOf(server.process.pid!),
      await cpuOfTree(postmaster),
    ];
    const waits = { knock: 0, invite: 0, join: 0 };
    for (const person of people) {
      waits.knock += await timed(() => person.ok('POST', `/knock/${encodeURIComponent(roomId)}?via=${name}`, {}));
      waits.invite += await timed(() =>
        owner.ok('POST', `/rooms/${encodeURIComponent(roomId)}/invite`, { user_id: person.userId }),
      );
      waits.join += await timed(() => joined(person, roomId, name));
    }
    if (round === 0) continue;
    const spent = await requestSeconds(server);
    for (const step of STEPS) {
      note(`ms, ${step}`, waits[step] / options.cycles);
      note(`of that in requests to this server, ${step}`, (spent[step] - seconds[step]) / options.cycles);
    }
    note('CPU of this server in ms a cycle', ((await cpuOf(server.process.pid!))! - ours!) / options.cycles);
    note('CPU of its Postgres in ms a cycle', ((await cpuOfTree(postmaster)) - postgres) / options.cycles);
    progress(`round ${round} of ${options.rounds}`);
  }
  say(
    `cycle: ${options.cycles} people a round, one after the other; the time of the invite holds Synapse's answer to it\n`,
  );
  for (const [what, values] of Object.entries(times)) printValue(what, values, 1);
}

/** Milliseconds of its requests so far, by step. */
async function requestSeconds(server: TestServer): Promise<Record<(typeof STEPS)[number], number>> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const sum = (route: RegExp): number =>
    text
      .split('\n')
      .filter((line) => line.startsWith('vestibule_http_request_seconds_sum') && route.test(line))
      .reduce((all, line) => all + Number(line.split(' ').at(-1)) * 1_000, 0);
  return { knock: sum(ROUTES.knock), invite: sum(ROUTES.invite), join: sum(ROUTES.join) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Right after the invite, a Synapse that is in the room may not have heard of it in the room. */
async function joined(person: Client, roomId: string, via: string): Promise<void> {
  for (let answer: Answer | null = null; answer?.status !== 200;) {
    if (answer !== null) await sleep(50);
    answer = await person.call('POST', `/join/${encodeURIComponent(roomId)}?via=${via}`, {});
    if (answer.status !== 200 && answer.status !== 403) throw new Error(JSON.stringify(answer.body));
  }
}

await main();

/** A server with a history behind it: how long it takes to start, and what memory it holds when nobody asks anything. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../src/database/database.ts';
import { embeddedProcess } from '../test/support/embedded.ts';
import { SERVER_NAME } from '../test/support/history.ts';
import { startServer, temporaryFolder, type TestServer } from '../test/support/server.ts';
import { runLoad } from './support/http-load.ts';
import { createKnockRooms, knockRequests } from './support/http-knocks.ts';
import { memoryOf, processTree } from './support/memory.ts';
import { readOptions } from './support/options.ts';
import { makePeople, type Person } from './support/people.ts';
import { printBudget, printValue, progress, say } from './support/report.ts';

const options = readOptions(
  'at-rest',
  'Starts a server on data that holds a history, everything embedded, and lets it rest.',
  {
    rounds: { default: 5, help: 'starts' },
    rooms: { default: 200, help: 'rooms in the history' },
    knocks: { default: 20_000, help: 'knocks in the history' },
    seconds: { default: 20, help: 'of rest before the memory is read' },
  },
);

async function main(): Promise<void> {
  const dataDir = await temporaryFolder();
  try {
    await makeHistory(dataDir);
    const [starts, server, postgres]: [number[], number[], number[]] = [[], [], []];
    for (let round = 1; round <= options.rounds; round += 1) {
      const { started, running } = await timedStart(dataDir);
      starts.push(started / 1_000);
      await sleep(options.seconds * 1_000);
      server.push((await memoryOf([running.process.pid!])).resident);
      postgres.push((await memoryOf(await processTree((await embeddedProcess(dataDir)).pid))).proportional);
      await running.stop();
      progress(`start ${round} of ${options.rounds}`);
    }
    say(`at-rest: a history of ${options.knocks} knocks in ${options.rooms} rooms, Postgres and queue embedded\n`);
    printBudget('seconds from the start to the first answer', starts, { atMost: 5 });
    printBudget('resident memory of the server in MB', server, { atMost: 200 });
    printValue('memory of the embedded Postgres in MB, shared pages once', postgres, 0);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

const start = (dataDir: string): Promise<TestServer> =>
  startServer({ dataDir, env: { SERVER_NAME, LOG_LEVEL: 'info' } });

async function timedStart(dataDir: string): Promise<{ readonly started: number; readonly running: TestServer }> {
  const from = performance.now();
  const running = await start(dataDir);
  return { started: performance.now() - from, running };
}

/** Real knocks over HTTP, so that the data is what a server leaves. */
async function makeHistory(dataDir: string): Promise<void> {
  progress('making the history');
  const server = await start(dataDir);
  try {
    const people = await peopleIn(dataDir, Math.ceil(options.knocks / options.rooms) + 1);
    const rooms = await createKnockRooms(server.url, people[0]!.token, options.rooms);
    for (const room of rooms) {
      await runLoad({ port: server.port, connections: 32, requests: knockRequests(people.slice(1), [room]) });
    }
  } finally {
    await server.stop();
  }
}

async function peopleIn(dataDir: string, count: number): Promise<readonly Person[]> {
  const { url } = await embeddedProcess(dataDir);
  const database = openDatabase({ url, role: 'owner', max: 10 });
  const people = await makePeople(database, SERVER_NAME, 'person', count);
  await database.close();
  return people;
}

await main();

/** SIGTERM under load: what was sent is answered, what waits is woken, who says nothing is let go, and the process ends with 0. */
import { connect, type Socket } from 'node:net';
import { rm } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { signInAs } from '../support/accounts.ts';
import { knockRoom, request, type Answer, type Client } from '../support/client.ts';
import { startCrowd } from '../support/crowd.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { knocksOf } from '../support/log-story.ts';
import { runRole, startServer, temporaryFolder, type TestServer } from '../support/server.ts';

const PEOPLE = 64;
const WATCHERS = 8;

let test: TestDatabase;
let dataDir: string;
let server: TestServer;
let owner: Client;
let people: readonly Client[];
let watchers: readonly Client[];

beforeAll(async () => {
  test = await openTestDatabase();
  dataDir = await temporaryFolder();
  server = await startServer({ databaseUrl: test.url, dataDir });
  const names = Array.from({ length: PEOPLE + WATCHERS }, (_, i) => `u${i}`);
  const [first, ...rest] = (await signInAs(test.database, server.url, ['owner', ...names])) as [Client, ...Client[]];
  [owner, watchers, people] = [first, rest.slice(0, WATCHERS), rest.slice(WATCHERS)];
});

afterAll(async () => {
  await rm(dataDir, { recursive: true, force: true });
  await test.close();
});

/** Long polls of people whom nothing concerns. */
async function longPolls(): Promise<Promise<Answer>[]> {
  return Promise.all(
    watchers.map(async (watcher) => {
      const { next_batch } = await watcher.ok('GET', '/sync');
      // In an object, so that it is not waited for here.
      return { poll: watcher.call('GET', `/sync?since=${next_batch}&timeout=60000`) };
    }),
  ).then((polls) => polls.map(({ poll }) => poll));
}

/** Connections that have asked nothing, and one that has said only half of what it wants. */
async function silentOnes(port: number): Promise<readonly Socket[]> {
  return Promise.all(
    ['', '', 'GET /_matrix/client/versions HTTP/1.1\r\nHost: '].map(
      (said) =>
        new Promise<Socket>((resolve) => {
          const socket = connect(port, '127.0.0.1', () => {
            if (said !== '') socket.write(said);
            resolve(socket);
          });
          socket.on('error', () => undefined);
        }),
    ),
  );
}

it('answers everything that was sent before it was told to stop, refuses what comes later, and loses nothing', async () => {
  const roomIds = await Promise.all([1, 2, 3].map(() => knockRoom(owner)));
  const polls = await longPolls();
  const silent = await silentOnes(server.port);
  const crowd = startCrowd(server.port, people, roomIds, 'before the end');
  while (crowd.attempts.filter(({ status }) => status === 200).length < 3 * PEOPLE) await nextTurn();
  const open = crowd.outstanding();
  expect(open.length).toBeGreaterThan(0);
  const ended = server.stop();

  expect(await ended).toBe(0);
  await crowd.over;
  expect(open.filter(({ status }) => status !== 200)).toEqual([]);
  const heard = crowd.attempts.filter(({ status }) => status !== null);
  expect(heard.filter(({ status }) => status !== 200)).toEqual([]);
  // Whoever came later found nobody.
  const late = crowd.attempts.filter(({ status }) => status === null);
  expect(late.every((attempt) => !open.includes(attempt))).toBe(true);
  for (const poll of polls) expect(await poll).toMatchObject({ status: 200, body: { next_batch: expect.any(String) } });
  for (const socket of silent) socket.destroy();
  await expect(request(server.url, 'GET', '/_matrix/client/versions')).rejects.toThrow();

  const stored = (await Promise.all(roomIds.map((roomId) => knocksOf(test.database, roomId)))).flat();
  const times = Map.groupBy(stored, ({ content }) => content['reason']);
  for (const { reason } of heard) expect(times.get(reason), reason).toHaveLength(1);
  for (const { reason } of late) expect(times.has(reason), reason).toBe(false);
  expect(server.output().log).toContain('"shut down"');
  const env = { DATA_DIR: dataDir, DATABASE_URL: test.url };
  expect(await runRole(['verify'], env)).toMatchObject({ code: 0, out: expect.stringContaining('Clean.') });
});

it('answers also those whom it had not come to accept', async () => {
  const busy = await startServer({ databaseUrl: test.url, dataDir });
  // As a server that is busy: the system takes connections and what they say, and nobody looks.
  busy.process.kill('SIGSTOP');
  const asked = await Promise.all(Array.from({ length: 60 }, () => askedOn(busy.port)));
  const ended = busy.stop();
  busy.process.kill('SIGCONT');
  const heard = await Promise.all(asked.map(({ answer }) => answer));
  expect(heard.filter((text) => !text.startsWith('HTTP/1.1 200'))).toEqual([]);
  expect(await ended).toBe(0);
});

/** Resolves when the question is sent; its `answer` to all that came until the connection ended. */
function askedOn(port: number): Promise<{ readonly answer: Promise<string> }> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = new Promise<string>((done) => {
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('error', ({ message }) => done(message));
      socket.on('end', () => done(text));
    });
    socket.write('GET /_matrix/client/versions HTTP/1.1\r\nHost: here\r\n\r\n', () => resolve({ answer }));
  });
}

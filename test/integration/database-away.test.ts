/** Postgres goes away under the server, in order and by a kill, and comes back: nobody is lied to, and nothing is started again by hand. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newSecret } from '../../src/accounts/secrets.ts';
import { openDatabase } from '../../src/database/database.ts';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/database/embedded-postgres.ts';
import { migrate } from '../../src/database/migrate.ts';
import { signInAs } from '../support/accounts.ts';
import { knockRoom, request, type Client } from '../support/client.ts';
import { startCrowd, type Crowd } from '../support/crowd.ts';
import { knocksOf } from '../support/log-story.ts';
import { runRole, startServer, temporaryFolder, type TestServer } from '../support/server.ts';

const PEOPLE = 24;

let folder: string;
let postgres: EmbeddedPostgres;
let server: TestServer;
let owner: Client;
let people: readonly Client[];

/** The server's Postgres is one that it did not start and cannot start: it has a URL of it, no more. */
const start = (): Promise<EmbeddedPostgres> =>
  startEmbeddedPostgres({ dataDir: join(folder, 'elsewhere'), newPassword: () => newSecret('postgres') });

beforeAll(async () => {
  folder = await temporaryFolder();
  postgres = await start();
  const setup = openDatabase({ url: postgres.url, role: 'owner', max: 2 });
  await migrate(setup);
  const names = Array.from({ length: PEOPLE }, (_, i) => `p${i}`);
  server = await startServer({ dataDir: join(folder, 'data'), databaseUrl: postgres.url });
  [owner, ...people] = (await signInAs(setup, server.url, ['owner', ...names])) as [Client, ...Client[]];
  await setup.close();
});

afterAll(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
});

const health = async (): Promise<number> => (await request(server.url, 'GET', '/_vestibule/../health')).status;

async function healthBecomes(status: number): Promise<void> {
  while ((await health()) !== status) await sleep(50);
}

async function answersWith(crowd: Crowd, status: number, times: number): Promise<void> {
  while (crowd.attempts.filter((attempt) => attempt.status === status).length < times) await sleep(5);
}

/** A 200 is in the log once; whatever else was answered, at most once. */
async function expectHonesty(crowd: Crowd, roomId: string): Promise<void> {
  const reader = openDatabase({ url: postgres.url, max: 1 });
  const stored = await knocksOf(reader, roomId);
  await reader.close();
  const times = Map.groupBy(stored, ({ content }) => content['reason']);
  for (const { reason, status } of crowd.attempts) {
    const found = times.get(reason)?.length ?? 0;
    expect(found, `${status}: ${reason}`).toBe(status === 200 ? 1 : Math.min(found, 1));
  }
}

const AWAY: readonly (readonly [string, () => Promise<void>])[] = [
  ['is stopped in order', () => postgres.stop()],
  [
    'is killed',
    async () => {
      process.kill(postgres.pid, 'SIGKILL');
      await sleep(0);
    },
  ],
];

for (const [happens, goAway] of AWAY) {
  describe(`when the database ${happens} while people knock`, () => {
    it('everybody gets an answer that is true, and the server goes on when it is back', async () => {
      const roomId = await knockRoom(owner);
      const crowd = startCrowd(server.port, people, [roomId], `it ${happens}`);
      await answersWith(crowd, 200, PEOPLE);
      await goAway();
      await healthBecomes(503);
      const unlucky = await owner.call('POST', '/createRoom', {});
      expect(unlucky).toMatchObject({ status: 503, body: { errcode: 'M_UNKNOWN', error: expect.any(String) } });
      const asked = await owner.graphql('{ viewer { user { userId } } }');
      expect(asked.errors).toMatchObject([{ extensions: { code: 'M_UNKNOWN' } }]);
      const before = crowd.attempts.filter(({ status }) => status === 200).length;
      postgres = await start();
      await answersWith(crowd, 200, before + 2 * PEOPLE);
      crowd.stop();
      await crowd.over;
      await healthBecomes(200);
      expect(crowd.attempts.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
      await expectHonesty(crowd, roomId);
      expect(server.process.exitCode).toBe(null);
    });
  });
}

describe('a server that is told to stop while the database is away', () => {
  it('answers 503 to who waits, and ends with 0', async () => {
    const roomId = await knockRoom(owner);
    const crowd = startCrowd(server.port, people, [roomId], 'the end');
    await answersWith(crowd, 200, PEOPLE);
    await postgres.stop();
    await healthBecomes(503);
    crowd.stop();
    expect(await server.stop()).toBe(0);
    await crowd.over;
    expect(crowd.attempts.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    postgres = await start();
    await expectHonesty(crowd, roomId);
    const env = { DATA_DIR: join(folder, 'data'), DATABASE_URL: postgres.url };
    expect(await runRole(['verify'], env)).toMatchObject({ code: 0, out: expect.stringContaining('Clean.') });
  });
});

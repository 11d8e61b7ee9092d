/** Two servers on one log: the second waits, and takes over when the first goes, in order or not; clients notice no more than that. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientWith, knockRoom, register, request, type Client } from '../support/client.ts';
import { embeddedProcess, lockFile, postmasters } from '../support/embedded.ts';
import { launchServer, runRole, startServer, temporaryFolder, type TestServer } from '../support/server.ts';

let dataDir: string;
let first: TestServer;
let owner: Client;
let roomId: string;

beforeAll(async () => {
  dataDir = await temporaryFolder();
  first = await startServer({ dataDir });
  owner = await register(first.url, 'owner');
  roomId = await knockRoom(owner);
});

afterAll(() => rm(dataDir, { recursive: true, force: true }));

async function standby(): Promise<TestServer> {
  const waiting = await launchServer({ dataDir });
  await waiting.says('waiting to take over');
  return waiting;
}

it('a server that waits is told to stop: it ends with 0, and the one that writes goes on', async () => {
  const waiting = await standby();
  await expect(fetch(`${waiting.url}/_matrix/client/versions`)).rejects.toThrow();
  expect(await waiting.stop()).toBe(0);
  await owner.ok('PUT', `/rooms/${roomId}/state/m.room.topic/`, { topic: 'still here' });
});

it('one that waits serves when the other was told to stop, on the same Postgres, and sync tokens stay good', async () => {
  const { pid } = await embeddedProcess(dataDir);
  const { next_batch } = await owner.ok('GET', '/sync');
  const second = await standby();
  expect(await first.stop()).toBe(0);
  expect(first.output().log).toContain('another process uses it');
  await second.answering();
  expect(await postmasters(dataDir)).toEqual([pid]);
  const kim = await register(second.url, 'kim');
  await kim.ok('POST', `/knock/${roomId}`, { reason: 'hello, second' });
  const again = clientWith(second.url, owner.token, owner.userId);
  const news = await again.ok('GET', `/sync?since=${next_batch}`);
  const events: { state_key?: string }[] = news.rooms.join[roomId].timeline.events;
  expect(events.map(({ state_key }) => state_key)).toContain(kim.userId);
  const health = await request(second.url, 'GET', '/_vestibule/../health');
  expect(health.body.log.epoch).toBe(2);
  first = second;
});

it('of two that wait one takes over, the other goes on waiting, and the last one takes Postgres down', async () => {
  const [one, other] = [await standby(), await standby()];
  await first.kill();
  const winner = await Promise.race([one.answering().then(() => one), other.answering().then(() => other)]);
  const loser = winner === one ? other : one;
  await expect(fetch(`${loser.url}/_matrix/client/versions`)).rejects.toThrow();
  const health = await request(winner.url, 'GET', '/_vestibule/../health');
  expect(health.body.log.epoch).toBe(3);
  expect(await loser.stop()).toBe(0);
  expect(await winner.stop()).toBe(0);
  expect(existsSync(lockFile(dataDir))).toBe(false);
  expect(await runRole(['verify'], { DATA_DIR: dataDir })).toMatchObject({ code: 0 });
});

/** Commits are announced to other processes as long as one of them wants to hear of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFollower } from '../../src/log/follow.ts';
import { createAnnouncer, hearNews, type Announcer } from '../../src/log/news.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let test: TestDatabase;
let announcer: Announcer;
let listener: PoolClient;
let heard: string[];
const open: { close(): Promise<void> }[] = [];

beforeEach(async () => {
  test = await openTestDatabase();
  announcer = createAnnouncer(test.database.pool, 'writer');
  heard = [];
  listener = await test.owner.pool.connect();
  listener.on('notification', ({ channel }) => heard.push(channel));
  await listener.query('listen vestibule_committed; listen vestibule_touched');
});

afterEach(async () => {
  for (const news of open.splice(0)) await news.close();
  listener.release(true);
  await test.close();
});

function hear(self: string, { readers }: Announcer, commits: boolean): void {
  const { pool } = test.database;
  const tokens = { hears: () => undefined, isDeaf: () => undefined, forget: () => undefined };
  const onError = (error: unknown): never => {
    throw error;
  };
  open.push(hearNews({ pool, follower: createFollower(0), tokens, readers, self, commits, onError }));
}

/** Whether a commit of now is announced: what is announced after it, over whichever connection, is heard about when it is. */
async function isAnnounced(): Promise<boolean> {
  heard = [];
  announcer.committed();
  announcer.touched('@kim:vestibule.test');
  await expect.poll(() => heard).toContain('vestibule_touched');
  await sleep(200);
  return heard.includes('vestibule_committed');
}

function lookForNobody(): void {
  for (let n = 0; n < 5; n += 1) announcer.readers.looks();
}

it('a commit is announced as long as it is not known that nobody hears of it', async () => {
  expect(await isAnnounced()).toBe(true);
  lookForNobody();
  expect(await isAnnounced()).toBe(false);
  announcer.readers.isDeaf();
  expect(await isAnnounced()).toBe(true);
});

it('a process that only reads is told of commits from soon after its start on', async () => {
  hear('writer', announcer, false);
  lookForNobody();
  expect(await isAnnounced()).toBe(false);
  hear('reader', createAnnouncer(test.database.pool, 'reader'), true);
  await expect.poll(isAnnounced, { timeout: 5_000 }).toBe(true);
});

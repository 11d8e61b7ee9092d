/** Commits are announced to other processes as long as one of them wants to hear of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFollower, type Follower } from '../../src/log/follow.ts';
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

function hear(
  self: string,
  { readers }: Announcer,
  commits: boolean,
  onError: (error: unknown) => void = unexpected,
): Follower {
  const { pool } = test.database;
  const tokens = { hears: () => undefined, isDeaf: () => undefined, forget: () => undefined };
  const follower = createFollower(0);
  open.push(hearNews({ pool, follower, tokens, readers, self, commits, onError }));
  return follower;
}

function unexpected(error: unknown): never {
  throw error;
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

const KIM = { userId: '@kim:vestibule.test', roomIds: new Set<string>() };

it('who was read before a process could hear, or while it could not, counts as touched once it hears', async () => {
  const errors: unknown[] = [];
  const unheard = { position: 0, mark: 0 };
  const follower = hear('reader', createAnnouncer(test.database.pool, 'reader'), true, (error) => errors.push(error));
  expect(follower.isHearing()).toBe(false);
  expect(follower.isNews(KIM, unheard)).toBe(false);
  await expect.poll(() => follower.isHearing()).toBe(true);
  expect(follower.isNews(KIM, unheard)).toBe(true);
  const before = { position: follower.head(), mark: follower.mark() };
  expect(follower.isNews(KIM, before)).toBe(false);
  await test.owner.pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'notify \"vestibule_ear_%'",
  );
  await expect.poll(() => errors, { interval: 1 }).not.toHaveLength(0);
  await expect.poll(() => follower.isHearing()).toBe(true);
  expect(follower.isNews(KIM, before)).toBe(true);
  announcer.touched('@lee:vestibule.test');
  const after = { position: follower.head(), mark: follower.mark() };
  announcer.touched(KIM.userId);
  await expect.poll(() => follower.isNews(KIM, after)).toBe(true);
});

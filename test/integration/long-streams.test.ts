/** Subscriptions on a long log: read in stretches, each with a time of its own, and no longer than somebody is there. */
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knock } from '../../src/commands/knock.ts';
import { createContext, type Context, type GraphqlParts, type Live } from '../../src/graphql/context.ts';
import { readNews, STRETCH } from '../../src/graphql/stream/read-news.ts';
import { createSharedLoaders } from '../../src/graphql/stream/shared-loaders.ts';
import { createEnding, createFollower, endNow } from '../../src/log/follow.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, type TestLog } from '../support/history.ts';

let test: TestDatabase;
let log: TestLog;
let roomId: string;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  const room = await makeKnockRoom(log.deps, 'boss');
  await knock(log.deps, actor('guest'), { roomId: room, reason: 'hello' });
  roomId = room;
});

afterAll(async () => {
  await log.close();
  await test.close();
});

function contextOf(timeoutMs: number): Context {
  const { db } = test.database;
  const settings = { timeoutMs } as GraphqlParts['settings'];
  const parts = { db, commands: log.deps, settings, log: pino({ enabled: false }) } as Partial<GraphqlParts>;
  return createContext(parts as GraphqlParts, actor('boss'));
}

describe('a subscription from the beginning of a long log', () => {
  it('is read in stretches, gives what is there once, and reads none after its reader is gone', async () => {
    const follower = createFollower(10 * STRETCH);
    const ending = createEnding();
    let looks = 0;
    const live: Live = {
      ...{ ending, after: null },
      context: async (again) => {
        if (again === undefined && (looks += 1) === 3) endNow(ending);
        return contextOf(10_000);
      },
    };
    const kinds: string[] = [];
    for await (const { row } of readNews(follower, live, { where: { roomId }, after: 0 })) kinds.push(row.kind);
    expect(kinds).toEqual(['JOINED', 'KNOCK_REQUESTED']);
    expect(looks).toBe(3);
  });

  it('has for each look the time of a query, after which its statement is cancelled', async () => {
    const reading = createSharedLoaders(() => contextOf(200), createFollower(1), Date.now);
    const { db } = reading();
    const slow = sql`select pg_sleep(20)`.execute(db);
    await expect(slow).rejects.toMatchObject({ errcode: 'M_UNKNOWN', status: 503 });
  });
});

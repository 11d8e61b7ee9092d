/** What is new in a room is read once for all who wait for it, whatever tokens they go on from (PROTOCOL §1.5). */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sendMessage } from '../../src/commands/send-message.ts';
import type { Db } from '../../src/database/database.ts';
import { sharedNews } from '../../src/http/client-server/sync/shared-news.ts';
import { logHead } from '../../src/log/read.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, type TestLog } from '../support/history.ts';

let test: TestDatabase;
let log: TestLog;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
});

afterAll(async () => {
  await log.close();
  await test.close();
});

/** The same database, and how often it was asked. */
function counted(): { readonly db: Db; readonly queries: () => number } {
  let queries = 0;
  const db = test.database.db.withPlugin({
    transformQuery({ node }) {
      queries += 1;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  return { db, queries: () => queries };
}

const say = (roomId: RoomId, owner: string, body: string) =>
  sendMessage(log.deps, actor(owner), {
    roomId,
    type: 'm.room.message',
    content: jsonObject({ body }),
    request: { deviceId: 'DEVICE', transactionId: body },
  });

it('takes as many queries for tokens of many moments as for one, where nothing happened in the room between them', async () => {
  const [room, elsewhere] = [await makeKnockRoom(log.deps, 'owner'), await makeKnockRoom(log.deps, 'other')];
  const tokens: number[] = [];
  for (let n = 0; n < 20; n += 1) {
    await say(elsewhere, 'other', `elsewhere ${n}`);
    tokens.push(await logHead(test.database.db));
  }
  await say(room, 'owner', 'hello');
  const to = await logHead(test.database.db);
  const ask = (db: Db, from: number) =>
    sharedNews(db, { roomId: room, from, to, timelineLimit: 10, useStateAfter: false, now: Date.now() });
  const [one, many] = [counted(), counted()];
  await ask(one.db, tokens[0]!);
  const told = await Promise.all(tokens.map((from) => ask(many.db, from)));
  for (const news of told)
    expect(news).toMatchObject({
      told: { news: { timeline: { events: [{ event: { content: { body: 'hello' } } }] } } },
    });
  expect(many.queries()).toBe(one.queries());
});

/** What is told of a room from memory is what would be read of it (PROTOCOL §1.5): whatever happens there, and from whatever token. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Actor } from '../../src/commands/act.ts';
import { banUser } from '../../src/commands/ban.ts';
import { acceptKnock, rejectKnock } from '../../src/commands/decide-knock.ts';
import { eraseUser } from '../../src/commands/erase.ts';
import { inviteUser } from '../../src/commands/invite.ts';
import { joinRoom } from '../../src/commands/join.ts';
import { knock } from '../../src/commands/knock.ts';
import { leaveRoom, retractKnock, unbanUser } from '../../src/commands/leave.ts';
import { redactEvent } from '../../src/commands/redact-event.ts';
import { sendMessage } from '../../src/commands/send-message.ts';
import { sendState } from '../../src/commands/send-state.ts';
import { syncText } from '../../src/http/client-server/sync/answer.ts';
import { createRecentNews, type RecentNews } from '../../src/http/client-server/sync/recent-news.ts';
import { sharedNews, tellTo, type RoomAsk, type SharedNews } from '../../src/http/client-server/sync/shared-news.ts';
import { createFollower, type Follower } from '../../src/log/follow.ts';
import { openLedger } from '../../src/log/erasure-ledger.ts';
import { logHead } from '../../src/log/read.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, testIdentity, type TestLog } from '../support/history.ts';
import { temporaryFolder } from '../support/server.ts';

let test: TestDatabase;
let log: TestLog;
let follower: Follower;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database, undefined, testIdentity(), (appended) => follower.publish(appended));
});

afterAll(async () => {
  await log.close();
  await test.close();
});

const NAMES = ['ada', 'bob', 'cleo'] as const;
const ACTS = {
  knock: (who: Actor, _boss: Actor, roomId: RoomId) => knock(log.deps, who, { roomId, reason: 'May I come in?' }),
  retract: (who: Actor, _boss: Actor, roomId: RoomId) => retractKnock(log.deps, who, { roomId }),
  reject: (who: Actor, boss: Actor, roomId: RoomId) =>
    rejectKnock(log.deps, boss, { roomId, userId: who.userId, reason: 'Not now.' }),
  accept: (who: Actor, boss: Actor, roomId: RoomId) => acceptKnock(log.deps, boss, { roomId, userId: who.userId }),
  invite: (who: Actor, boss: Actor, roomId: RoomId) => inviteUser(log.deps, boss, { roomId, userId: who.userId }),
  join: (who: Actor, _boss: Actor, roomId: RoomId) => joinRoom(log.deps, who, { roomId }),
  leave: (who: Actor, _boss: Actor, roomId: RoomId) => leaveRoom(log.deps, who, { roomId }),
  ban: (who: Actor, boss: Actor, roomId: RoomId) =>
    banUser(log.deps, boss, { roomId, userId: who.userId, reason: 'Spam.' }),
  unban: (who: Actor, boss: Actor, roomId: RoomId) => unbanUser(log.deps, boss, { roomId, userId: who.userId }),
  say: (_who: Actor, boss: Actor, roomId: RoomId) =>
    sendMessage(log.deps, boss, {
      roomId,
      type: 'm.room.message',
      content: jsonObject({ body: 'Hello.' }),
      request: { deviceId: 'DEVICE', transactionId: log.deps.randomId(8) },
    }),
  rename: (_who: Actor, boss: Actor, roomId: RoomId) =>
    sendState(log.deps, boss, { roomId, type: 'm.room.name', stateKey: '', content: jsonObject({ name: '' }) }),
} as const;
type Act = keyof typeof ACTS;

/** What happens at the door comes up often, so that there is something to remember. */
const acts = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom<Act>('knock', 'knock', 'retract', 'reject', 'ban', 'unban') },
      { weight: 1, arbitrary: fc.constantFrom<Act>(...(Object.keys(ACTS) as Act[])) },
    ),
    fc.constantFrom(...NAMES),
  ),
  { minLength: 6, maxLength: 24 },
);

const NOW = Date.now();

/** As it is sent, so that nothing hides in how it is held. */
function spelt(roomId: RoomId, news: Exclude<SharedNews, 'particular'>, reader: string): unknown {
  const told = news.told === null ? null : tellTo({ told: news.told }, reader, 1);
  const join = told === null ? {} : { [roomId]: told };
  const rooms = { join, invite: {}, knock: {}, leave: {} };
  const account = { head: 0, events: [], ofRooms: new Map(), ignored: new Set<string>(), ignoredChanged: false };
  return JSON.parse(syncText({ head: 0, account, rooms, isEmpty: false, joined: new Map() }));
}

/** Compares what is told with what is read, from each of the tokens; how many of them were told from memory. */
async function compared(recent: RecentNews, roomId: RoomId, tokens: readonly number[], boss: Actor): Promise<number> {
  let told = 0;
  for (const from of tokens) {
    for (const useStateAfter of [false, true]) {
      const ask: RoomAsk = {
        roomId,
        from,
        to: follower.head(),
        timelineLimit: 10,
        useStateAfter,
        now: NOW + 86_400_000,
      };
      const [remembered, read] = [recent.tell(ask), await sharedNews(test.database.db, ask)];
      if (remembered === null) {
        recent.learn(ask, read);
        continue;
      }
      told += 1;
      if (read === 'particular') throw new Error('told to all alike what is not');
      expect(spelt(roomId, remembered, boss.userId)).toEqual(spelt(roomId, read, boss.userId));
    }
  }
  return told;
}

it('equals what is read, after every act and from every token', async () => {
  let told = 0;
  let rooms = 0;
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      follower = createFollower(await logHead(test.database.db));
      const recent = createRecentNews(follower);
      const boss = actor(`boss-${String((rooms += 1))}`);
      const roomId = await makeKnockRoom(log.deps, boss.userId.slice(1).split(':')[0]!);
      const tokens: number[] = [follower.head()];
      for (const [act, name] of history) {
        // What the room does not allow changes nothing in it.
        await ACTS[act](actor(`${name}-${String(rooms)}`), boss, roomId).catch(() => undefined);
        told += await compared(recent, roomId, tokens, boss);
        tokens.push(follower.head());
      }
    }),
    { numRuns: 12 },
  );
  expect(told).toBeGreaterThan(100);
}, 120_000);

/** A room where a knock is remembered, and the token before it. */
async function knockedOn(name: string) {
  follower = createFollower(await logHead(test.database.db));
  const [recent, boss, guest] = [createRecentNews(follower), actor(`${name}-boss`), actor(`${name}-guest`)];
  const roomId = await makeKnockRoom(log.deps, `${name}-boss`);
  const first = follower.head();
  await knock(log.deps, actor(`${name}-first`), { roomId });
  await compared(recent, roomId, [first], boss);
  const from = follower.head();
  const { eventId } = await knock(log.deps, guest, { roomId, reason: 'Words to be taken back.' });
  const ask = (): RoomAsk => ({ roomId, from, to: follower.head(), timelineLimit: 10, useStateAfter: false, now: NOW });
  expect(recent.tell(ask())).not.toBeNull();
  return { recent, boss, guest, roomId, eventId: eventId!, ask };
}

it.each([
  ['one room', { rooms: 1, knocks: 80, reason: 'Please.' }],
  ['many rooms', { rooms: 20, knocks: 12, reason: 'Please. '.repeat(1_000) }],
])(
  'goes on from what is remembered of %s, however much was forgotten of before',
  async (name, given) => {
    follower = createFollower(await logHead(test.database.db));
    const [recent, boss] = [createRecentNews(follower), actor('long-boss')];
    const roomIds: RoomId[] = [];
    for (let n = 0; n < given.rooms; n += 1) roomIds.push(await makeKnockRoom(log.deps, 'long-boss'));
    const first = follower.head();
    for (let n = 0; n < given.knocks; n += 1) {
      for (const roomId of n % 2 === 0 ? roomIds : roomIds.toReversed()) {
        const before = follower.head();
        await knock(log.deps, actor(`${name.replace(' ', '-')}-${String(n)}`), { roomId, reason: given.reason });
        // The first of a room is read once.
        expect(await compared(recent, roomId, [before], boss), `knock ${String(n)}`).toBe(n === 0 ? 1 : 2);
      }
    }
    expect(await compared(recent, roomIds[0]!, [first], boss)).toBe(0);
  },
  60_000,
);

it('tells nothing from memory of an event that was redacted since', async () => {
  const { recent, boss, roomId, eventId, ask } = await knockedOn('redacted');
  const request = { deviceId: 'DEVICE', transactionId: 'redaction' };
  await redactEvent(log.deps, boss, { roomId, eventId, content: jsonObject({}), request });
  expect(recent.tell(ask())).toBeNull();
});

it('tells nothing from memory of what a user said who was erased since', async () => {
  const { recent, boss, guest, ask } = await knockedOn('erased');
  const ledger = openLedger(`${await temporaryFolder()}/erasures.jsonl`);
  await eraseUser({ ...log.deps, ledger }, { ...boss, admin: true }, { userId: guest.userId });
  expect(recent.tell(ask())).toBeNull();
});

it('tells nothing from memory once another process wrote', async () => {
  const { recent, roomId, ask } = await knockedOn('elsewhere');
  follower.hear(follower.head() + 1, new Set([roomId]));
  expect(recent.tell(ask())).toBeNull();
});

it('tells nothing from memory to whoever wants fewer events', async () => {
  const { recent, ask } = await knockedOn('few');
  expect(recent.tell({ ...ask(), timelineLimit: 0 })).toBeNull();
});

/** The workers' bell is rung where another server may have to hear of something, and not by a server that is alone. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { banUser } from '../../src/commands/ban.ts';
import { createRoom } from '../../src/commands/create-room.ts';
import { knock } from '../../src/commands/knock.ts';
import { rejectKnock } from '../../src/commands/decide-knock.ts';
import { sendMessage } from '../../src/commands/send-message.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { createRinger } from '../../src/roles/ring-for-others.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { guestsOf, type Guests } from '../support/guests.ts';
import { actor, makeKnockRoom, openTestLog, SERVER_NAME, testIdentity, type TestLog } from '../support/history.ts';
import { user } from '../support/rooms.ts';

let test: TestDatabase;
let log: TestLog;
let guests: Guests;
let rings = 0;
let messages = 0;

beforeAll(async () => {
  test = await openTestDatabase();
  const doorbell = { ring: () => void (rings += 1) };
  const ringer = createRinger(test.database.db, SERVER_NAME, doorbell);
  log = await openTestLog(test.database, () => undefined, testIdentity(), ringer);
  guests = guestsOf(log);
});

afterAll(async () => {
  await log.close();
  await test.close();
});

async function ringsOf(act: () => Promise<unknown>): Promise<number> {
  const before = rings;
  await act();
  return rings - before;
}

function say(roomId: RoomId): () => Promise<unknown> {
  const content = jsonObject({ msgtype: 'm.text', body: 'hello' });
  const request = { deviceId: 'DEVICE', transactionId: `m${(messages += 1)}` };
  return () => sendMessage(log.deps, actor('boss'), { roomId, type: 'm.room.message', content, request });
}

it('not for rooms that users of this server alone have made and talk in', async () => {
  let roomId: RoomId | null = null;
  expect(await ringsOf(async () => (roomId = await makeKnockRoom(log.deps, 'boss')))).toBe(0);
  expect(await ringsOf(() => knock(log.deps, actor('kim'), { roomId: roomId! }))).toBe(0);
  expect(
    await ringsOf(() => rejectKnock(log.deps, actor('boss'), { roomId: roomId!, userId: actor('kim').userId })),
  ).toBe(0);
  expect(await ringsOf(say(roomId!))).toBe(0);
});

it('from the first user of another server in the room to the departure of the last, and not after it', async () => {
  const guest = user('guest', 'other.test');
  const { roomId } = await createRoom(log.deps, actor('boss'), jsonObject({ preset: 'public_chat' }));
  expect(await ringsOf(() => guests.member(roomId, guest, 'join'))).toBe(1);
  for (let n = 0; n < 3; n += 1) expect(await ringsOf(say(roomId))).toBe(1);
  await sleep(300);
  expect(await ringsOf(say(roomId))).toBe(1);
  expect(await ringsOf(() => banUser(log.deps, actor('boss'), { roomId, userId: guest }))).toBe(1);
  // Once it has been looked up.
  let silent = 1;
  while (silent > 0) {
    silent = await ringsOf(say(roomId));
    await sleep(50);
  }
  expect(await ringsOf(say(roomId))).toBe(0);
});

it('for the end of a knock of somebody elsewhere, in a room without other servers, and not for the knock', async () => {
  const roomId = await makeKnockRoom(log.deps, 'boss');
  const knocker = user('knocker', 'other.test');
  expect(await ringsOf(() => guests.member(roomId, knocker, 'knock'))).toBe(0);
  expect(await ringsOf(() => rejectKnock(log.deps, actor('boss'), { roomId, userId: knocker }))).toBe(1);
});

/** What was begun with another server: written down before, taken up again after a crash, gone with what came of it. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { pino } from 'pino';
import { eraseUser } from '../../src/commands/erase.ts';
import { keepHandshakes, type GoOn, type HandshakeKeeper } from '../../src/commands/elsewhere/keep-handshakes.ts';
import { eventIdOf } from '../../src/matrix/hashes.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import {
  parseRoomId,
  parseServerName,
  parseUserId,
  type EventId,
  type ServerName,
} from '../../src/matrix/identifiers.ts';
import { eventTemplate } from '../../src/matrix/pdu.ts';
import { ROOM_VERSIONS } from '../../src/matrix/room-versions.ts';
import { signEvent } from '../../src/matrix/signatures.ts';
import { beginHandshake, dropHandshake, endHandshake, noteAnswer, type Intent } from '../../src/outbox/handshakes.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, openTestLog, userId, type TestLog } from '../support/history.ts';

const version = ROOM_VERSIONS['11'];
const ROOM = parseRoomId('!elsewhere:remote.test')!;
const REMOTE: ServerName = parseServerName('remote.test')!;
const MINUTE_MS = 60_000;

let test: TestDatabase;
let log: TestLog;
const keepers: { readonly keeper: HandshakeKeeper; readonly stop: AbortController }[] = [];

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
});

afterEach(async () => {
  for (const { keeper, stop } of keepers.splice(0)) {
    stop.abort();
    await keeper.close();
  }
  await test.owner.pool.query('delete from handshakes');
});

afterAll(async () => {
  await log.close();
  await test.close();
});

function knockOf(name: string): Intent {
  const user = userId(name);
  const template = eventTemplate({
    type: 'm.room.member',
    room_id: ROOM,
    sender: user,
    state_key: user,
    content: jsonObject({ membership: 'knock', reason: 'words that must go' }),
    auth_events: [],
    prev_events: [],
    depth: 5,
    origin_server_ts: 1,
  });
  const pdu = signEvent(template, version, log.deps.identity);
  const act = { actor: user, token: 'phone', operation: 'knock', onBehalfOf: null };
  const eventId = eventIdOf(pdu, version);
  return { kind: 'knock', roomId: ROOM, userId: user, eventId, version: '11', pdu, candidates: [REMOTE], act };
}

function keep(goOn: GoOn, now: () => number): HandshakeKeeper {
  const stop = new AbortController();
  const keeper = keepHandshakes({
    db: test.database.db,
    now,
    goOn: { knock: goOn, leave: goOn, invite: goOn },
    log: pino({ level: 'silent' }),
    signal: stop.signal,
  });
  keepers.push({ keeper, stop });
  return keeper;
}

const left = async (): Promise<readonly { attempts: number; last_error: string | null }[]> =>
  test.database.db.selectFrom('handshakes').select(['attempts', 'last_error']).execute();

it('takes up at its start what the process before was at work on, the same event with the answer it had', async () => {
  const intent = knockOf('kim');
  const id = await beginHandshake(test.database.db, intent, 1_000, MINUTE_MS);
  await noteAnswer(test.database.db, id, REMOTE, jsonObject({ knock_room_state: [] }));
  const seen: unknown[] = [];
  const keeper = keep(
    async (handshake) => {
      seen.push(handshake);
      await dropHandshake(test.database.db, handshake.id);
    },
    () => 2_000,
  );
  await keeper.look();
  expect(seen).toEqual([
    { ...intent, id, answered: { server: REMOTE, answer: { knock_room_state: [] } }, attempts: 0, begunAt: 1_000 },
  ]);
  expect(await left()).toEqual([]);
});

it('leaves to its request what that is still at work on', async () => {
  const seen: EventId[] = [];
  let at = 1_000;
  const keeper = keep(
    async ({ eventId }) => void seen.push(eventId),
    () => at,
  );
  await keeper.look();
  const intent = knockOf('kim');
  await beginHandshake(test.database.db, intent, at, MINUTE_MS);
  await keeper.look();
  expect(seen).toEqual([]);
  at += MINUTE_MS;
  await keeper.look();
  expect(seen).toEqual([intent.eventId]);
});

it('tries again later what a server did not answer, and says why it waits', async () => {
  let at = 1_000;
  await beginHandshake(test.database.db, knockOf('kim'), at, 0);
  let tries = 0;
  const keeper = keep(
    async () => {
      tries += 1;
      throw new Error('The server could not be asked.');
    },
    () => at,
  );
  await keeper.look();
  expect(tries).toBe(1);
  expect(await left()).toEqual([{ attempts: 1, last_error: 'The server could not be asked.' }]);
  await keeper.look();
  expect(tries).toBe(1);
  at += MINUTE_MS;
  await keeper.look();
  expect(tries).toBe(2);
});

it('one that fails does not keep the others waiting', async () => {
  const kim = knockOf('kim');
  await beginHandshake(test.database.db, kim, 1, 0);
  await beginHandshake(test.database.db, knockOf('lee'), 1, 0);
  const keeper = keep(
    async ({ id, userId: user }) => {
      if (user === kim.userId) throw new Error('no');
      await dropHandshake(test.database.db, id);
    },
    () => 1_000,
  );
  await keeper.look();
  expect(await left()).toEqual([{ attempts: 1, last_error: 'no' }]);
});

it('ends with the transaction that stores what came of it, and not before', async () => {
  const id = await beginHandshake(test.database.db, knockOf('kim'), 1, 0);
  const { recorder } = log.deps;
  const unit = { roomId: null, head: null, judged: [], actions: [], erasures: [] };
  const failing = async (): Promise<void> => {
    throw new Error('the rest of it was refused');
  };
  const both = recorder.append({
    ...unit,
    within: async (tx) => {
      await endHandshake(tx, id);
      await failing();
    },
  });
  await expect(both).rejects.toThrow('refused');
  expect(await left()).toHaveLength(1);
  await recorder.append({ ...unit, within: (tx) => endHandshake(tx, id) });
  expect(await left()).toEqual([]);
});

it('an erased person has nothing on the way any more', async () => {
  await beginHandshake(test.database.db, knockOf('kim'), 1, MINUTE_MS);
  await beginHandshake(test.database.db, knockOf('lee'), 1, MINUTE_MS);
  const ledger = { append: async () => undefined, read: async () => [] };
  await eraseUser({ ...log.deps, ledger }, { ...actor('boss'), admin: true }, { userId: parseUserId(userId('kim'))! });
  const rows = await test.database.db.selectFrom('handshakes').select('user_id').execute();
  expect(rows).toEqual([{ user_id: userId('lee') }]);
});

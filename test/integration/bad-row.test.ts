/** A row that Postgres refuses: its author alone hears of it, and nothing is built on what was not stored. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { banUser } from '../../src/commands/ban.ts';
import type { ActResult, CommandDeps } from '../../src/commands/act.ts';
import { knock } from '../../src/commands/knock.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, userId, type TestLog } from '../support/history.ts';
import { eventsOf, knocksOf } from '../support/log-story.ts';
import { stallLog } from '../support/stalled-log.ts';
import { refuseEventsOf, type Refusal } from '../support/refusal.ts';

let test: TestDatabase;
let log: TestLog;
let refusal: Refusal;

const REFUSED = expect.stringContaining('is refused');

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
});

afterAll(async () => {
  await log.close();
  await test.close();
});

beforeEach(async () => {
  refusal = await refuseEventsOf(test, userId('culprit'));
});

afterEach(async () => {
  await refusal.lift();
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  if (!report.clean) throw new Error(`the log is not sound: ${JSON.stringify(report.first)}`);
});

/** The log's commands, counting how often an event is made. */
function counting(): { readonly deps: CommandDeps; readonly proposals: () => number } {
  let proposals = 0;
  const now = (): number => {
    proposals += 1;
    return Date.now();
  };
  return { deps: { ...log.deps, now }, proposals: () => proposals };
}

/** Each event cites the one before it, and all of them are there. */
async function expectStraightLine(roomId: RoomId): Promise<void> {
  const events = await eventsOf(test.database, roomId);
  const cited = events.map(({ pdu }) => pdu.prev_events);
  expect(cited).toEqual(events.map((_, i) => (i === 0 ? [] : [events[i - 1]!.eventId])));
}

describe('a bad row in a batch', () => {
  it('fails alone: everybody else in its batch and in its room is stored once', async () => {
    const [bad, ...others] = await Promise.all(['ann', 'ben', 'cid'].map((owner) => makeKnockRoom(log.deps, owner)));
    const stalled = await stallLog(test);
    const before = knock(log.deps, actor('early'), { roomId: others[0]! });
    await stalled.reached();
    // One after the other, so that what is refused stands between what is not.
    const { deps, proposals } = counting();
    const names = ['one', 'two', 'culprit', 'three', 'four'];
    const knocks: Promise<ActResult>[] = [];
    for (const name of names) {
      knocks.push(knock(deps, actor(name), { roomId: bad! }));
      while (proposals() < knocks.length) await nextTurn();
    }
    const elsewhere = others.map((roomId) => knock(deps, actor('one'), { roomId }));
    while (proposals() < knocks.length + elsewhere.length) await nextTurn();
    await stalled.release();
    const answers = await Promise.allSettled(knocks);
    await Promise.all([before, ...elsewhere]);
    const culprit = { status: 'rejected', reason: { message: REFUSED } };
    expect(answers).toMatchObject(names.map((name) => (name === 'culprit' ? culprit : { status: 'fulfilled' })));
    // With all rooms, with its room alone, alone.
    expect(await refusal.tries()).toBe(3);
    const stored = await knocksOf(test.database, bad!);
    const heard = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value.eventId] : []));
    expect(stored).toHaveLength(names.length - 1);
    expect(new Set(stored.map(({ eventId }) => eventId))).toEqual(new Set(heard));
    expect(stored.map(({ sender }) => sender)).not.toContain(userId('culprit'));
    for (const roomId of others) expect((await eventsOf(test.database, roomId)).at(-1)?.sender).toBe(userId('one'));
    await expectStraightLine(bad!);
  });

  it('leaves no trace in its room: the same person gets in once the database takes it', async () => {
    const roomId = await makeKnockRoom(log.deps, 'dora');
    await expect(knock(log.deps, actor('culprit'), { roomId })).rejects.toThrow('is refused');
    await refusal.lift();
    const { eventId } = await knock(log.deps, actor('culprit'), { roomId });
    refusal = await refuseEventsOf(test, userId('culprit'));
    expect((await knocksOf(test.database, roomId)).map((event) => event.eventId)).toEqual([eventId]);
    await expectStraightLine(roomId);
  });
});

describe('an event that was built on one that is not stored', () => {
  it('is made again before its author hears anything', async () => {
    const roomId = await makeKnockRoom(log.deps, 'eric');
    const hold = await refusal.hold();
    const first = Promise.allSettled([knock(log.deps, actor('culprit'), { roomId })]);
    await hold.reached();
    const { deps, proposals } = counting();
    const later = ['kim', 'lou', 'max'].map((name) => knock(deps, actor(name), { roomId }));
    let heard = 0;
    for (const each of later) void each.then(() => (heard += 1));
    while (proposals() < later.length) await nextTurn();
    expect(heard).toBe(0);
    await hold.release();
    expect(await first).toMatchObject([{ status: 'rejected', reason: { message: REFUSED } }]);
    const answers = await Promise.all(later);
    expect(proposals()).toBe(2 * later.length);
    const stored = await knocksOf(test.database, roomId);
    expect(new Set(stored.map(({ eventId }) => eventId))).toEqual(new Set(answers.map(({ eventId }) => eventId)));
    expect(stored).toHaveLength(answers.length);
    await expectStraightLine(roomId);
  });

  it('is not refused by what was never stored: a ban that fails keeps nobody from knocking', async () => {
    const roomId = await makeKnockRoom(log.deps, 'culprits-friend');
    await refusal.lift();
    refusal = await refuseEventsOf(test, userId('culprits-friend'));
    const hold = await refusal.hold();
    const ban = Promise.allSettled([banUser(log.deps, actor('culprits-friend'), { roomId, userId: userId('nia') })]);
    await hold.reached();
    const { deps, proposals } = counting();
    const knocked = knock(deps, actor('nia'), { roomId });
    while (proposals() === 0) await nextTurn();
    await hold.release();
    expect(await ban).toMatchObject([{ status: 'rejected', reason: { message: REFUSED } }]);
    const { eventId } = await knocked;
    expect(proposals()).toBe(2);
    expect((await knocksOf(test.database, roomId)).map((event) => event.eventId)).toEqual([eventId]);
    const { rows } = await test.database.pool.query(
      "select outcome from actions where operation = 'knock' and actor = $1",
      [userId('nia')],
    );
    expect(rows).toEqual([{ outcome: 'ok' }]);
  });
});

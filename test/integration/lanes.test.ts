/** Acts that meet in a room's lane: each is decided on what the one before it left, durable or not. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { acceptKnock, rejectKnock } from '../../src/commands/decide-knock.ts';
import { joinRoom } from '../../src/commands/join.ts';
import { knock } from '../../src/commands/knock.ts';
import { leaveRoom } from '../../src/commands/leave.ts';
import { sendState } from '../../src/commands/send-state.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, userId, type TestLog } from '../support/history.ts';

let test: TestDatabase;
let log: TestLog;
/** Of those who wait to hear of commits. */
let fault: Error | null = null;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database, undefined, undefined, () => {
    if (fault !== null) throw fault;
  });
});

afterAll(async () => {
  await log.close();
  await test.close();
});

async function operationsOn(roomId: RoomId): Promise<readonly string[]> {
  const { rows } = await test.database.pool.query<{ operation: string; outcome: string }>(
    'select operation, outcome from actions where room_id = $1 order by position',
    [roomId],
  );
  return rows.map(({ operation, outcome }) => `${operation}: ${outcome}`);
}

it('a room that its last member left is nowhere to knock on, at once and after it was read again', async () => {
  const roomId = await makeKnockRoom(log.deps, 'hermit');
  const [left, early] = await Promise.allSettled([
    leaveRoom(log.deps, actor('hermit'), { roomId }),
    knock(log.deps, actor('visitor'), { roomId }),
  ]);
  expect(left.status).toBe('fulfilled');
  expect(early).toMatchObject({ status: 'rejected', reason: { errcode: 'M_NOT_FOUND' } });
  await expect(knock(log.deps, actor('visitor'), { roomId })).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
  log.deps.lanes.forget(roomId);
  await expect(joinRoom(log.deps, actor('visitor'), { roomId })).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' });
});

it('a leave that is written as state for somebody else kicks them or lifts their ban, in one act', async () => {
  const roomId = await makeKnockRoom(log.deps, 'keeper');
  const member = (membership: string) => ({
    ...{ roomId, type: 'm.room.member', stateKey: userId('guest') },
    content: { membership },
  });
  await knock(log.deps, actor('guest'), { roomId });
  await sendState(log.deps, actor('keeper'), member('leave'));
  await sendState(log.deps, actor('keeper'), member('ban'));
  await sendState(log.deps, actor('keeper'), member('leave'));
  await expect(sendState(log.deps, actor('keeper'), member('leave'))).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  expect(await operationsOn(roomId)).toEqual([
    'createRoom: ok',
    'knock: ok',
    'sendState: ok',
    'banUser: ok',
    'sendState: ok',
    'sendState: M_FORBIDDEN',
  ]);
});

it('of two decisions that race one is told what the other decided', async () => {
  const roomId = await makeKnockRoom(log.deps, 'judge');
  await knock(log.deps, actor('plaintiff'), { roomId });
  const decisions = await Promise.allSettled([
    acceptKnock(log.deps, actor('judge'), { roomId, userId: userId('plaintiff') }),
    rejectKnock(log.deps, actor('judge'), { roomId, userId: userId('plaintiff') }),
  ]);
  const outcome = decisions[0].status === 'fulfilled' ? 'ACCEPTED' : 'REJECTED';
  expect(decisions.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(decisions.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: {
      errcode: 'KNOCK_ALREADY_DECIDED',
      message: `The knock is ${outcome.toLowerCase()} already.`,
      extra: { outcome, decided_by: userId('judge') },
    },
  });
});

it('who decides in the same moment is told of a decision that is only on its way to the table', async () => {
  const roomId = await makeKnockRoom(log.deps, 'bench');
  const about = { roomId, userId: userId('again') };
  for (let round = 0; round < 10; round += 1) {
    await knock(log.deps, actor('again'), { roomId });
    const decisions = await Promise.allSettled([
      rejectKnock(log.deps, actor('bench'), about),
      rejectKnock(log.deps, actor('bench'), about),
      rejectKnock(log.deps, actor('bench'), about),
    ]);
    const late = decisions.filter(({ status }) => status === 'rejected');
    expect(late).toHaveLength(2);
    const told = { errcode: 'KNOCK_ALREADY_DECIDED', extra: { outcome: 'REJECTED', decided_by: userId('bench') } };
    for (const each of late) expect(each).toMatchObject({ reason: told });
  }
});

it('an act that is stored succeeds, and so does the next, whatever becomes of those who wait to hear of it', async () => {
  const roomId = await makeKnockRoom(log.deps, 'loud');
  fault = new Error('somebody who waits cannot be told');
  await knock(log.deps, actor('guest-of-loud'), { roomId });
  fault = null;
  await acceptKnock(log.deps, actor('loud'), { roomId, userId: userId('guest-of-loud') });
  expect(await operationsOn(roomId)).toEqual(['createRoom: ok', 'knock: ok', 'acceptKnock: ok']);
});

/** More than the log can take: a full room and a full server say so with 429, keep what they took, and go on afterwards. */
import { rm } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { knock } from '../../src/commands/knock.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { signInAs } from '../support/accounts.ts';
import { knockRoom } from '../support/client.ts';
import { startCrowd } from '../support/crowd.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, type TestLog } from '../support/history.ts';
import { knocksOf } from '../support/log-story.ts';
import { startServer, temporaryFolder } from '../support/server.ts';
import { stallLog } from '../support/stalled-log.ts';

const LANE = 500;
const APPENDER = 5_000;
const FULL = {
  status: 'rejected',
  reason: { errcode: 'M_LIMIT_EXCEEDED', status: 429, extra: { retry_after_ms: expect.any(Number) } },
};

let test: TestDatabase;

beforeEach(async () => {
  test = await openTestDatabase();
});

afterEach(() => test.close());

describe('in one process', () => {
  let log: TestLog;
  beforeEach(async () => {
    log = await openTestLog(test.database);
  });
  afterEach(async () => {
    const report = await verify({ pool: test.database.pool, identity: log.identity });
    await log.close();
    if (!report.clean) throw new Error(`the log is not sound: ${JSON.stringify(report.first)}`);
  });

  it('a room takes 500 commands at a time, and another room still takes its own', async () => {
    const [busy, quiet] = await Promise.all(['ann', 'ben'].map((owner) => makeKnockRoom(log.deps, owner)));
    const stalled = await stallLog(test);
    const knocks = Array.from({ length: LANE + 80 }, (_, i) => knock(log.deps, actor(`k${i}`), { roomId: busy! }));
    const heard = Promise.allSettled(knocks);
    const elsewhere = knock(log.deps, actor('calm'), { roomId: quiet! });
    let refused = 0;
    for (const each of knocks) void each.catch(() => (refused += 1));
    while (refused < 80) await nextTurn();
    expect(log.writer.recorder.waiting()).toBeLessThanOrEqual(LANE + 1);
    await stalled.release();
    await elsewhere;
    const answers = await heard;
    const failed = answers.filter(({ status }) => status === 'rejected');
    expect(failed).toMatchObject(Array.from({ length: 80 }, () => FULL));
    expect(await knocksOf(test.database, busy!)).toHaveLength(LANE);
    await knock(log.deps, actor('afterwards'), { roomId: busy! });
  });

  it('the server keeps 5,000 units waiting, and what it refuses leaves no trace in its room', async () => {
    const roomId = await makeKnockRoom(log.deps, 'cid');
    await knock(log.deps, actor('first'), { roomId });
    const { recorder } = log.writer;
    const act = { actor: actor('filler').userId, token: null, operation: 'fill', roomId: null, target: null };
    const fill = (): Promise<unknown> =>
      recorder.append({
        ...{ roomId: null, head: null, judged: [], erasures: [] },
        actions: [{ ...act, outcome: 'ok', event: null, onBehalfOf: null }],
      });
    const stalled = await stallLog(test);
    const begun = fill();
    await stalled.reached();
    const units = Promise.allSettled(Array.from({ length: APPENDER + 1_000 }, fill));
    expect(recorder.waiting()).toBe(APPENDER);
    const late = await Promise.allSettled([knock(log.deps, actor('late'), { roomId })]);
    expect(late).toMatchObject([FULL]);
    expect(recorder.waiting()).toBe(APPENDER);
    await stalled.release();
    await begun;
    const outcomes = await units;
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(APPENDER);
    expect(outcomes.slice(APPENDER)).toMatchObject(Array.from({ length: 1_000 }, () => FULL));
    const { eventId } = await knock(log.deps, actor('late'), { roomId });
    const stored = await knocksOf(test.database, roomId);
    expect(stored.map((event) => event.sender)).toEqual([actor('first').userId, actor('late').userId]);
    expect(stored.at(-1)?.eventId).toBe(eventId);
    // Overload is no answer to a person: it is not recorded as a refusal.
    const { rows } = await test.database.pool.query("select from actions where outcome = 'M_LIMIT_EXCEEDED'");
    expect(rows).toEqual([]);
  });
});

describe('over HTTP', () => {
  it('who finds a room full is told when to come back, and everybody else is in the log', async () => {
    const dataDir = await temporaryFolder();
    const server = await startServer({ databaseUrl: test.url, dataDir });
    const names = Array.from({ length: LANE + 40 }, (_, i) => `h${i}`);
    const [owner, ...people] = await signInAs(test.database, server.url, ['owner', ...names]);
    const roomId = await knockRoom(owner!);
    const stalled = await stallLog(test);
    const crowd = startCrowd(server.port, people, [roomId], 'at the door');
    crowd.stop();
    while (crowd.attempts.filter(({ status }) => status === 429).length < 40) await nextTurn();
    await stalled.release();
    await crowd.over;
    const refused = crowd.attempts.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(40);
    for (const { status, body, retryAfter } of refused) {
      expect(status).toBe(429);
      const { errcode, retry_after_ms } = JSON.parse(body);
      expect(errcode).toBe('M_LIMIT_EXCEEDED');
      expect(Number(retryAfter)).toBe(Math.ceil(retry_after_ms / 1_000));
      expect(retry_after_ms).toBeGreaterThan(0);
    }
    const answered = crowd.attempts.filter(({ status }) => status === 200).map(({ reason }) => reason);
    const stored = (await knocksOf(test.database, roomId)).map(({ content }) => content['reason']);
    expect(new Set(stored)).toEqual(new Set(answered));
    expect(stored).toHaveLength(LANE);
    expect(await server.stop()).toBe(0);
    await rm(dataDir, { recursive: true, force: true });
  });
});

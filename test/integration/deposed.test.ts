/** A writer whose log another process has taken over: it writes nothing more, says so to everybody who waits, and ends. */
import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knock } from '../../src/commands/knock.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { signInAs } from '../support/accounts.ts';
import { clientWith, knockRoom } from '../support/client.ts';
import { startCrowd } from '../support/crowd.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog } from '../support/history.ts';
import { knocksOf } from '../support/log-story.ts';
import { launchServer, runRole, startServer, temporaryFolder } from '../support/server.ts';
import { stallLog } from '../support/stalled-log.ts';

const AWAY = { status: 'rejected', reason: { errcode: 'M_UNKNOWN', status: 503 } };

describe('a writer in the middle of a batch', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await openTestDatabase();
  });
  afterAll(() => test.close());

  it('writes nothing once another has raised the epoch, and answers 503 to all who wait', async () => {
    let deposed = 0;
    const log = await openTestLog(test.database, () => (deposed += 1));
    const rooms = await Promise.all(['ann', 'ben', 'cid'].map((owner) => makeKnockRoom(log.deps, owner)));
    const head = log.writer.recorder.head();
    const stalled = await stallLog(test);
    const first = knock(log.deps, actor('first'), { roomId: rooms[0]! });
    await stalled.reached();
    const later = rooms.flatMap((roomId) =>
      ['kim', 'lou', 'max'].map((name) => knock(log.deps, actor(name), { roomId })),
    );
    const answers = Promise.allSettled([first, ...later]);
    while (log.writer.recorder.waiting() < later.length) await new Promise((next) => void setImmediate(next));
    await stalled.takeOver();
    expect(await answers).toMatchObject(Array.from({ length: later.length + 1 }, () => AWAY));
    expect(deposed).toBe(1);
    expect(await Promise.allSettled([knock(log.deps, actor('late'), { roomId: rooms[1]! })])).toMatchObject([AWAY]);
    expect(log.writer.recorder.waiting()).toBe(0);
    await log.close();
    const { rows } = await test.database.pool.query('select position from log_head');
    expect(rows).toEqual([{ position: head }]);
    const report = await verify({ pool: test.database.pool, identity: log.identity });
    expect(report).toMatchObject({ clean: true, head });
  });
});

describe('a server that is frozen while another one takes over', () => {
  it('ends with 1 when it thaws, and whoever it still answers hears 503 or finds the knock in the log', async () => {
    const test = await openTestDatabase();
    const dataDir = await temporaryFolder();
    const options = { databaseUrl: test.url, dataDir };
    const old = await startServer(options);
    const names = Array.from({ length: 16 }, (_, i) => `before-${i}`);
    const [owner, late, ...people] = await signInAs(test.database, old.url, ['owner', 'late', ...names]);
    const roomId = await knockRoom(owner!);
    const sessions = await sessionsOf(test);
    const next = await launchServer(options);
    await next.says('waiting to take over');

    const crowd = startCrowd(old.port, people, [roomId], 'before');
    while (crowd.attempts.filter(({ status }) => status === 200).length < 32)
      await new Promise((turn) => void setImmediate(turn));
    old.process.kill('SIGSTOP');
    crowd.stop();
    // A network that lost it, to Postgres.
    await test.owner.pool.query('select pg_terminate_backend(pid) from unnest($1::int4[]) as pid', [sessions]);
    await next.answering();
    await clientWith(next.url, late!.token, late!.userId).ok('POST', `/knock/${roomId}`, {});

    old.process.kill('SIGCONT');
    await crowd.over;
    expect(await old.gone).toBe(1);
    expect(old.output().log).toContain('another process took the writer seat');
    expect(crowd.attempts.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
    expect(crowd.attempts.some(({ status }) => status === 503)).toBe(true);
    const stored = await knocksOf(test.database, roomId);
    for (const { status, reason } of crowd.attempts) {
      const found = stored.filter(({ content }) => content['reason'] === reason);
      expect(found.length, reason).toBe(status === 200 ? 1 : Math.min(found.length, 1));
    }
    // What the new writer wrote is the last: the old one added nothing after it.
    expect(stored.at(-1)?.sender).toBe(late!.userId);
    expect(await next.stop()).toBe(0);
    const env = { DATA_DIR: dataDir, DATABASE_URL: test.url };
    expect(await runRole(['verify'], env)).toMatchObject({ code: 0, out: expect.stringContaining('Clean.') });
    await rm(dataDir, { recursive: true, force: true });
    await test.close();
  });
});

/** Everything that is connected to the database now but this test. */
async function sessionsOf(test: TestDatabase): Promise<readonly number[]> {
  const { rows } = await test.owner.pool.query<{ pid: number }>(
    'select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
  );
  return rows.map(({ pid }) => pid);
}

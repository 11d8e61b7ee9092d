/** The connection breaks at COMMIT, when nobody can say whether it happened: the log is asked, and the same rows are sent again or not. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAccountData } from '../../src/accounts/account-data.ts';
import type { CommandDeps } from '../../src/commands/act.ts';
import { createRoom } from '../../src/commands/create-room.ts';
import { knock } from '../../src/commands/knock.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { openDatabase, type Database } from '../../src/database/database.ts';
import { changeOwn } from '../../src/http/client-server/own-account.ts';
import { createFollower } from '../../src/log/follow.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, userId, type TestLog } from '../support/history.ts';
import { eventsOf, knocksOf } from '../support/log-story.ts';
import { startProxy, type Cut, type Proxy } from '../support/proxy.ts';

let test: TestDatabase;
let proxy: Proxy;
let throughProxy: Database;
let log: TestLog;

beforeAll(async () => {
  test = await openTestDatabase();
  proxy = await startProxy(test.url);
  throughProxy = openDatabase({ url: proxy.url, max: 20 });
  log = await openTestLog(throughProxy);
});

afterAll(async () => {
  await log.close();
  await throughProxy.close();
  await proxy.close();
  await test.close();
});

/** The log's commands, counting how often an event is made and signed. */
function counting(): { readonly deps: CommandDeps; readonly signed: () => number } {
  let signed = 0;
  const now = (): number => {
    signed += 1;
    return Date.now();
  };
  return { deps: { ...log.deps, now }, signed: () => signed };
}

const CUTS: Readonly<Record<Cut, string>> = {
  lost: 'the COMMIT is lost on its way',
  unheard: 'the answer to the COMMIT is lost',
  late: 'the COMMIT arrives when the writer already asks what became of it',
  stuck: 'the COMMIT never comes and the old session keeps the log locked until Postgres ends it',
};

for (const [cut, story] of Object.entries(CUTS) as [Cut, string][]) {
  describe(`when ${story}`, () => {
    it('a batch of several rooms is stored once, every command succeeds, and no event is signed again', async () => {
      const roomIds = await Promise.all([1, 2, 3].map((n) => makeKnockRoom(log.deps, `${cut}-owner-${n}`)));
      const { deps, signed } = counting();
      const before = proxy.cuts();
      proxy.cutNextCommit(cut);
      const knocks = roomIds.flatMap((roomId) =>
        ['ann', 'ben', 'cid'].map((name) =>
          knock(deps, actor(`${cut}-${name}`), { roomId, reason: `${name} at ${cut}` }),
        ),
      );
      const answers = await Promise.all(knocks);
      expect(proxy.cuts()).toBe(before + 1);
      expect(signed()).toBe(knocks.length);
      const stored = (await Promise.all(roomIds.map((roomId) => knocksOf(test.database, roomId)))).flat();
      expect(stored).toHaveLength(knocks.length);
      expect(new Set(stored.map(({ eventId }) => eventId))).toEqual(new Set(answers.map(({ eventId }) => eventId)));
    });
  });
}

describe('what is not an event', () => {
  it('a room that is made while the connection breaks is there once, whole', async () => {
    proxy.cutNextCommit('unheard');
    const { deps } = counting();
    const { roomId } = await createRoom(deps, actor('maker'), jsonObject({ name: 'Made in a storm' }));
    const types = (await eventsOf(test.database, roomId)).map(({ type }) => type);
    expect(types.filter((type) => type === 'm.room.create')).toHaveLength(1);
    expect(types).toContain('m.room.name');
  });

  it('account data whose COMMIT was not heard is looked for by the syncs of its user', async () => {
    const follower = createFollower(0);
    const key = { userId: userId('keeper'), roomId: null, type: 'io.x' };
    const mark = follower.mark();
    proxy.cutNextCommit('unheard');
    await expect(changeOwn({ db: throughProxy.db, follower }, key, () => jsonObject({ kept: true }))).rejects.toThrow();
    expect(await readAccountData(test.database.db, key)).toEqual({ kept: true });
    expect(follower.isNews({ userId: key.userId, roomIds: new Set() }, { position: 0, mark })).toBe(true);
  });

  it('the record of a refusal, which is an act alone, is stored once whether or not its COMMIT was heard', async () => {
    const roomId = await makeKnockRoom(log.deps, 'strict');
    for (const cut of ['lost', 'unheard'] as const) {
      proxy.cutNextCommit(cut);
      await expect(knock(log.deps, actor('strict'), { roomId })).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
    }
    const { rows } = await test.database.pool.query(
      "select outcome from actions where operation = 'knock' and actor = $1 and room_id = $2",
      [userId('strict'), roomId],
    );
    expect(rows).toEqual([{ outcome: 'M_FORBIDDEN' }, { outcome: 'M_FORBIDDEN' }]);
  });
});

it('the log is sound afterwards', async () => {
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report).toMatchObject({ clean: true, findings: [] });
});

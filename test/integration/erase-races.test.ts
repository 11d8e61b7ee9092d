/** Erasures that meet what is on its way to the log: no word comes back with it, nothing that was answered is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRoom } from '../../src/commands/create-room.ts';
import { acceptKnock } from '../../src/commands/decide-knock.ts';
import { eraseUser, type EraseDeps } from '../../src/commands/erase.ts';
import { inviteUser } from '../../src/commands/invite.ts';
import { joinRoom } from '../../src/commands/join.ts';
import { knock } from '../../src/commands/knock.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { openLedger } from '../../src/log/erasure-ledger.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { jsonObject } from '../../src/matrix/json.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, userId, type TestLog } from '../support/history.ts';
import { stallLog } from '../support/stalled-log.ts';
import { wordsInTables } from '../support/words.ts';

let test: TestDatabase;
let log: TestLog;
let directory: string;
let deps: EraseDeps;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  directory = await mkdtemp(join(tmpdir(), 'vestibule-erase-'));
  deps = { ...log.deps, ledger: openLedger(join(directory, 'erasures.jsonl')) };
});

afterAll(async () => {
  await log.close();
  await test.close();
  await rm(directory, { recursive: true, force: true });
});

async function named(name: string, displayname: string): Promise<void> {
  await test.owner.pool.query('insert into profiles (user_id, displayname) values ($1, $2)', [
    userId(name),
    displayname,
  ]);
}

function erase(name: string): Promise<{ readonly events: number }> {
  return eraseUser(deps, actor('boss', true), { userId: userId(name) });
}

/** Resolves when so many units wait behind the batch that is being written. */
async function waiting(units: number): Promise<void> {
  while (log.writer.recorder.waiting() < units) await sleep(5);
}

/** Where a word stands, but for the planner's samples, which a scrub takes away. */
async function places(word: string): Promise<readonly string[]> {
  return (await wordsInTables(test.owner, [word])).filter((place) => !place.includes('pg_statistic'));
}

async function expectClean(): Promise<void> {
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
}

it('a name does not come back with acts that took it up before the erasure and were stored after it', async () => {
  const name = 'diplodocus-carnegii-name';
  await named('kim', name);
  const room = (): Promise<RoomId> => makeKnockRoom(log.deps, 'boss');
  const [knocked, invited, accepted, joined] = await Promise.all([room(), room(), room(), room()]);
  await knock(log.deps, actor('kim'), { roomId: accepted, reason: 'before' });
  await inviteUser(log.deps, actor('boss'), { roomId: joined, userId: userId('kim') });
  expect(await places(name)).not.toEqual([]);
  // The erasure is written, all but its end, while everybody still reads the old name.
  const holder = await test.owner.pool.connect();
  await holder.query('begin');
  await holder.query('lock table profiles in share mode');
  const erased = erase('kim');
  for (let blocked = false; !blocked; await sleep(5)) {
    const { rowCount } = await holder.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    blocked = rowCount !== 0;
  }
  const acts = [
    knock(log.deps, actor('kim'), { roomId: knocked, reason: 'kim is back already' }),
    inviteUser(log.deps, actor('boss'), { roomId: invited, userId: userId('kim') }),
    acceptKnock(log.deps, actor('boss'), { roomId: accepted, userId: userId('kim') }),
    joinRoom(log.deps, actor('kim'), { roomId: joined }),
    createRoom(log.deps, actor('kim'), jsonObject({ preset: 'public_chat' })),
  ];
  await waiting(acts.length);
  await holder.query('rollback');
  holder.release();
  expect((await erased).events).toBeGreaterThan(0);
  await Promise.all(acts);
  expect(await places(name)).toEqual([]);
  // What kim said after it, kim said.
  expect(await places('kim is back already')).toHaveLength(2);
  const { rows } = await test.database.pool.query<{ acts: number }>(
    "select count(*)::int4 as acts from actions where outcome = 'ok' and position > (select max(position) from erasures)",
  );
  expect(rows[0]!.acts).toBe(acts.length);
  await expectClean();
});

it('a knock that is stored together with the erasure stays, without its words', async () => {
  const roomId = await makeKnockRoom(log.deps, 'boss');
  const other = await makeKnockRoom(log.deps, 'boss');
  const word = 'apatosaurus-louisae-reason';
  const stalled = await stallLog(test);
  const first = knock(log.deps, actor('lee'), { roomId: other });
  await stalled.reached();
  const knocked = knock(log.deps, actor('max'), { roomId, reason: word });
  const erased = erase('max');
  await waiting(2);
  await stalled.release();
  await Promise.all([first, knocked, erased]);
  expect(await places(word)).toEqual([]);
  const { rows } = await test.database.pool.query(
    'select k.status, k.reason, e.words from knocks k join events e on e.position = k.event where k.user_id = $1',
    [userId('max')],
  );
  expect(rows).toEqual([{ status: 'PENDING', reason: null, words: true }]);
  await expectClean();
});

it('erasures of many at once, while they knock, leave no word from before them', async () => {
  const people = Array.from({ length: 12 }, (_, i) => `racer${i}`);
  await Promise.all(people.map((name) => named(name, `brachiosaurus-altithorax-${name}`)));
  const roomId = await makeKnockRoom(log.deps, 'boss');
  await Promise.all(
    people.flatMap((name) => [
      ...Array.from({ length: 5 }, (_, i) => knock(log.deps, actor(name), { roomId, reason: `try ${i}` })),
      erase(name),
      ...Array.from({ length: 5 }, (_, i) => knock(log.deps, actor(name), { roomId, reason: `again ${i}` })),
    ]),
  );
  expect(await places('brachiosaurus-altithorax')).toEqual([]);
  await expectClean();
});

it('an erasure that the writer refuses is not in the ledger, where a restart would find it', async () => {
  const before = await deps.ledger.read();
  await log.close();
  await expect(erase('lee')).rejects.toMatchObject({ status: 503 });
  expect(await deps.ledger.read()).toEqual(before);
});

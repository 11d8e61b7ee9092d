/** Erasure: a person's words are nowhere any more, and everything that was signed still verifies. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { banUser } from '../../src/commands/ban.ts';
import { acceptKnock } from '../../src/commands/decide-knock.ts';
import { eraseUser, replayLedger, type EraseDeps } from '../../src/commands/erase.ts';
import { joinRoom } from '../../src/commands/join.ts';
import { knock } from '../../src/commands/knock.ts';
import { leaveRoom } from '../../src/commands/leave.ts';
import { scrubFiles } from '../../src/commands/scrub-files.ts';
import { verify } from '../../src/commands/verify/verify.ts';
import { openLedger } from '../../src/log/erasure-ledger.ts';
import { sealLog } from '../../src/log/seals.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, userId, type TestLog } from '../support/history.ts';
import { wordsInDump, wordsInFiles, wordsInTables } from '../support/words.ts';

// Long enough to be found nowhere by accident, and unlike anything that compression or encoding makes.
const REASON = 'quetzalcoatlus-northropi-reason';
const NAME = 'Pachycephalosaurus-Wyomingensis-Name';
const BAN = 'therizinosaurus-cheloniformis-ban';
const LEFT = 'dromaeosaurus-albertensis-left';
const PICTURE = 'mxc://vestibule.test/compsognathus-longipes';
const MOOD = 'parasaurolophus-walkeri-mood';
const DEVICE = 'ornithomimus-velox-telephone';
const NOTE = 'struthiomimus-altus-note';
const OTHER = 'archaeopteryx-lithographica-stays';
const ERASED = [REASON, NAME, BAN, LEFT, PICTURE, MOOD, DEVICE, NOTE];
const kim = userId('kim');

let test: TestDatabase;
let log: TestLog;
let directory: string;
let path: string;
let deps: EraseDeps;
let roomId: RoomId;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  directory = await mkdtemp(join(tmpdir(), 'vestibule-erase-'));
  path = join(directory, 'erasures.jsonl');
  deps = { ...log.deps, ledger: openLedger(path) };
  roomId = await makeKnockRoom(log.deps, 'boss', '10');
  const { pool } = test.owner;
  await pool.query('insert into profiles (user_id, displayname, avatar_url) values ($1, $2, $3)', [kim, NAME, PICTURE]);
  await pool.query("insert into profile_fields values ($1, 'io.vestibule.mood', $2)", [kim, Buffer.from(`"${MOOD}"`)]);
  await pool.query('insert into users (user_id, created_at) values ($1, now())', [kim]);
  await pool.query('insert into devices values ($1, $2, $3, now())', [kim, 'PHONE', DEVICE]);
  await knock(log.deps, actor('kim'), { roomId, reason: REASON });
  await acceptKnock(log.deps, actor('boss'), { roomId, userId: kim, reason: 'welcome' });
  await joinRoom(log.deps, actor('kim'), { roomId });
  await leaveRoom(log.deps, actor('kim'), { roomId, reason: LEFT });
  await banUser(log.deps, actor('boss'), { roomId, userId: kim, reason: BAN });
  await knock(log.deps, actor('lee'), { roomId, reason: OTHER });
  await pool.query('insert into action_content select max(position), $1, $2 from actions', [kim, Buffer.from(NOTE)]);
  // The planner samples every column: words come to stand in the catalogue too.
  await pool.query('analyze');
  await sealLog({ pool: test.database.pool, identity: log.identity, now: Date.now, logger: { info: () => undefined } });
});

afterAll(async () => {
  await log.close();
  await test.close();
  await rm(directory, { recursive: true, force: true });
});

it('only an admin may erase, and the attempt is on record', async () => {
  await expect(eraseUser(deps, actor('lee'), { userId: kim })).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  const { rows } = await test.owner.pool.query(
    "select actor, target, outcome from actions where operation = 'eraseUser'",
  );
  expect(rows).toEqual([{ actor: userId('lee'), target: kim, outcome: 'M_FORBIDDEN' }]);
  expect(await deps.ledger.read()).toEqual([]);
});

it('the words are everywhere before, so that what follows can fail', async () => {
  const tables = await wordsInTables(test.owner, [...ERASED, OTHER]);
  for (const word of [...ERASED, OTHER])
    expect(
      tables.some((found) => found.startsWith(word)),
      word,
    ).toBe(true);
  expect(tables.some((found) => found.includes('pg_statistic'))).toBe(true);
  expect(new Set(await wordsInDump(test.owner, [...ERASED, OTHER]))).toEqual(new Set([...ERASED, OTHER]));
  await test.owner.pool.query('checkpoint');
  expect(new Set(await wordsInFiles(test.owner, [...ERASED, OTHER]))).toEqual(new Set([...ERASED, OTHER]));
});

it('an erasure takes them out of every table and every dump, and leaves everybody else their words', async () => {
  const { events } = await eraseUser(deps, actor('boss', true), { userId: kim });
  expect(events).toBe(5);
  const found = (await wordsInTables(test.owner, ERASED)).filter((place) => !place.includes('pg_statistic'));
  expect(found).toEqual([]);
  expect(await wordsInDump(test.owner, [...ERASED, OTHER])).toEqual([OTHER]);
});

it('a plain VACUUM leaves the bytes in the files, a scrub does not', async () => {
  await test.owner.pool.query('vacuum');
  await test.owner.pool.query('checkpoint');
  expect(await wordsInFiles(test.owner, ERASED)).not.toEqual([]);
  const tables: string[] = [];
  const report = await scrubFiles(test.owner.pool, ({ table }) => void tables.push(table));
  expect(report.checkpoint).toBe(true);
  expect(tables).toEqual(report.tables);
  expect(await wordsInFiles(test.owner, [...ERASED, OTHER])).toEqual([OTHER]);
  expect(await wordsInTables(test.owner, ERASED)).toEqual([]);
});

it('every id and signature verifies afterwards, and the words count as erased', async () => {
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ clean: true, erased: 5 });
});

it('the erased user can knock again, with new words', async () => {
  const room = await makeKnockRoom(log.deps, 'boss', '12');
  await knock(log.deps, actor('kim'), { roomId: room, reason: 'a fresh start' });
  const { rows } = await test.owner.pool.query('select reason, display_name from knocks where room_id = $1', [room]);
  expect(rows).toEqual([{ reason: 'a fresh start', display_name: null }]);
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report).toMatchObject({ clean: true, erased: 5 });
});

it('after a backup was restored the ledger erases again, once', async () => {
  expect(await replayLedger(deps)).toEqual([]);
  const entry = { kind: 'user', subject: userId('lee'), byUser: userId('boss'), at: new Date().toISOString() } as const;
  // What a crash may leave: a whole line for an erasure that the database never saw, and half of another.
  await writeFile(path, `${JSON.stringify(entry)}\n{"kind":"user","subj`, { flag: 'a' });
  const restarted = { ...deps, ledger: openLedger(path) };
  expect(await replayLedger(restarted)).toEqual([userId('lee')]);
  expect(await wordsInTables(test.owner, [OTHER])).toEqual([expect.stringContaining('pg_statistic')]);
  expect(await replayLedger(restarted)).toEqual([]);
  await eraseUser(restarted, actor('boss', true), { userId: userId('nobody') });
  expect((await restarted.ledger.read()).map(({ subject }) => subject)).toEqual([kim, userId('lee'), userId('nobody')]);
  expect((await verify({ pool: test.database.pool, identity: log.identity })).clean).toBe(true);
});

it('a ledger that cannot be read stops the start instead of forgetting an erasure', async () => {
  const broken = join(directory, 'broken.jsonl');
  await writeFile(broken, 'not json\n{"kind":"user"}\n');
  await expect(replayLedger({ ...deps, ledger: openLedger(broken) })).rejects.toThrow('Line 1');
});

it('when the ledger cannot be written nothing is erased', async () => {
  await knock(log.deps, actor('max'), { roomId, reason: 'still here' });
  const unwritable = openLedger(join(path, 'in-a-file'));
  await expect(
    eraseUser({ ...deps, ledger: unwritable }, actor('boss', true), { userId: userId('max') }),
  ).rejects.toThrow();
  expect(await wordsInTables(test.owner, ['still here'])).not.toEqual([]);
});

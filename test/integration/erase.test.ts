/** Erasure: a person's words are nowhere any more, and everything that was signed still verifies. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { banUser } from '../../src/commands/ban.ts';
import { acceptKnock } from '../../src/commands/decide-knock.ts';
import { eraseUser, replayLedger, type EraseDeps } from '../../src/commands/erase.ts';
import { joinRoom } from '../../src/commands/join.ts';
import { knock } from '../../src/commands/knock.ts';
import { scrubFiles } from '../../src/commands/scrub-files.ts';
import { verify } from '../../src/commands/verify.ts';
import { openLedger } from '../../src/log/erasure-ledger.ts';
import { sealLog } from '../../src/log/seals.ts';
import type { RoomId } from '../../src/matrix/identifiers.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { actor, makeKnockRoom, openTestLog, userId, type TestLog } from '../support/history.ts';

const run = promisify(execFile);

// Long enough to be found nowhere by accident, and unlike anything that compression or encoding makes.
const REASON = 'quetzalcoatlus-northropi-reason';
const NAME = 'Pachycephalosaurus-Wyomingensis-Name';
const BAN = 'therizinosaurus-cheloniformis-ban';
const OTHER = 'archaeopteryx-lithographica-stays';
const ERASED = [REASON, NAME, BAN];
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
  await test.owner.pool.query('insert into profiles (user_id, displayname) values ($1, $2)', [kim, NAME]);
  await knock(log.deps, actor('kim'), { roomId, reason: REASON });
  await acceptKnock(log.deps, actor('boss'), { roomId, userId: kim, reason: 'welcome' });
  await joinRoom(log.deps, actor('kim'), { roomId });
  await banUser(log.deps, actor('boss'), { roomId, userId: kim, reason: BAN });
  await knock(log.deps, actor('lee'), { roomId, reason: OTHER });
  await test.owner.pool.query('insert into action_content (position, subject, content) values (1, $1, $2)', [
    kim,
    Buffer.from(REASON),
  ]);
  // The planner samples every column: words come to stand in the catalogue too.
  await test.owner.pool.query('analyze');
  await sealLog({ pool: test.database.pool, identity: log.identity, now: Date.now, logger: { info: () => undefined } });
});

afterAll(async () => {
  await log.close();
  await test.close();
  await rm(directory, { recursive: true, force: true });
});

/** The words that stand anywhere in these tables' text or bytes. */
async function inTables(words: readonly string[]): Promise<readonly string[]> {
  const { rows } = await test.owner.pool.query<{ name: string }>(
    `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'm') and (n.nspname not like 'pg\\_%' or c.relname = 'pg_statistic') and n.nspname <> 'information_schema'`,
  );
  expect(rows.length).toBeGreaterThan(15);
  const found: string[] = [];
  for (const { name } of rows) {
    for (const word of words) {
      const hex = Buffer.from(word).toString('hex');
      const hit = await test.owner.pool.query(
        `select from ${name} t where t::text like $1 or t::text like $2 limit 1`,
        [`%${word}%`, `%${hex}%`],
      );
      if (hit.rowCount !== 0) found.push(`${word} in ${name}`);
    }
  }
  return found;
}

/** The words that stand in a dump of the database: pg_dump's where there is one of a fitting version, else COPY of every table. */
async function inDump(words: readonly string[]): Promise<readonly string[]> {
  const dump = await run('pg_dump', ['--inserts', '--dbname', test.owner.url], { maxBuffer: 1 << 28 }).catch(
    () => null,
  );
  const text = dump === null ? await copyAll() : dump.stdout;
  expect(text).toContain('vestibule.test');
  return words.filter((word) => text.includes(word) || text.includes(Buffer.from(word).toString('hex')));
}

async function copyAll(): Promise<string> {
  const tables = await test.owner.pool.query<{ name: string }>(
    "select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname in ('public', 'bullmq')",
  );
  const texts: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await test.owner.pool.query<{ text: string }>(
      `select coalesce(string_agg(t::text, ' '), '') as text from ${name} t`,
    );
    texts.push(rows[0]!.text);
  }
  return texts.join(' ');
}

/** The words that stand in the data files of this database. */
async function inFiles(words: readonly string[]): Promise<readonly string[]> {
  const { rows } = await test.owner.pool.query<{ directory: string }>(
    "select current_setting('data_directory') || '/base/' || oid as directory from pg_database where datname = current_database()",
  );
  const files = await readdir(rows[0]!.directory);
  expect(files.length).toBeGreaterThan(100);
  const found = new Set<string>();
  for (const file of files) {
    const bytes = await readFile(join(rows[0]!.directory, file)).catch(() => Buffer.alloc(0));
    for (const word of words) if (bytes.includes(word)) found.add(word);
  }
  return [...found];
}

it('only an admin may erase, and the attempt is on record', async () => {
  await expect(eraseUser(deps, actor('lee'), { userId: kim })).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' });
  const { rows } = await test.owner.pool.query(
    "select actor, target, outcome from actions where operation = 'eraseUser'",
  );
  expect(rows).toEqual([{ actor: userId('lee'), target: kim, outcome: 'M_FORBIDDEN' }]);
  expect(await deps.ledger.read()).toEqual([]);
});

it('the words are everywhere before, so that what follows can fail', async () => {
  const tables = await inTables([...ERASED, OTHER]);
  for (const word of [...ERASED, OTHER])
    expect(
      tables.some((found) => found.startsWith(word)),
      word,
    ).toBe(true);
  expect(tables.some((found) => found.includes('pg_statistic'))).toBe(true);
  expect(new Set(await inDump([...ERASED, OTHER]))).toEqual(new Set([...ERASED, OTHER]));
  await test.owner.pool.query('checkpoint');
  expect(new Set(await inFiles([...ERASED, OTHER]))).toEqual(new Set([...ERASED, OTHER]));
});

it('an erasure takes them out of every table and every dump, and leaves everybody else their words', async () => {
  const { events } = await eraseUser(deps, actor('boss', true), { userId: kim });
  expect(events).toBe(4);
  const found = (await inTables(ERASED)).filter((place) => !place.includes('pg_statistic'));
  expect(found).toEqual([]);
  expect(await inDump([...ERASED, OTHER])).toEqual([OTHER]);
});

it('a plain VACUUM leaves the bytes in the files, a scrub does not', async () => {
  await test.owner.pool.query('vacuum');
  await test.owner.pool.query('checkpoint');
  expect(await inFiles(ERASED)).not.toEqual([]);
  const tables: string[] = [];
  const report = await scrubFiles(test.owner.pool, ({ table }) => void tables.push(table));
  expect(report.checkpoint).toBe(true);
  expect(tables).toEqual(report.tables);
  expect(await inFiles([...ERASED, OTHER])).toEqual([OTHER]);
  expect(await inTables(ERASED)).toEqual([]);
});

it('every id and signature verifies afterwards, and the words count as erased', async () => {
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report.findings).toEqual([]);
  expect(report).toMatchObject({ clean: true, erased: 4 });
});

it('the erased user can knock again, with new words', async () => {
  const room = await makeKnockRoom(log.deps, 'boss', '12');
  await knock(log.deps, actor('kim'), { roomId: room, reason: 'a fresh start' });
  const { rows } = await test.owner.pool.query('select reason, display_name from knocks where room_id = $1', [room]);
  expect(rows).toEqual([{ reason: 'a fresh start', display_name: null }]);
  const report = await verify({ pool: test.database.pool, identity: log.identity });
  expect(report).toMatchObject({ clean: true, erased: 4 });
});

it('after a backup was restored the ledger erases again, once', async () => {
  expect(await replayLedger(deps)).toEqual([]);
  const entry = { kind: 'user', subject: userId('lee'), byUser: userId('boss'), at: new Date().toISOString() } as const;
  // What a crash may leave: a whole line for an erasure that the database never saw, and half of another.
  await writeFile(path, `${JSON.stringify(entry)}\n{"kind":"user","subj`, { flag: 'a' });
  const restarted = { ...deps, ledger: openLedger(path) };
  expect(await replayLedger(restarted)).toEqual([userId('lee')]);
  expect(await inTables([OTHER])).toEqual([expect.stringContaining('pg_statistic')]);
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
  expect(await inTables(['still here'])).not.toEqual([]);
});

/** Verification names the row that was touched: every column of every log table, deleted rows, swapped rows. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verify } from '../../src/commands/verify.ts';
import type { VerifyReport } from '../../src/commands/verify-report.ts';
import { SEALED_TABLES } from '../../src/log/sealed-tables.ts';
import { sealLog } from '../../src/log/seals.ts';
import { eraseUser } from '../../src/commands/erase.ts';
import { knock } from '../../src/commands/knock.ts';
import { openLedger } from '../../src/log/erasure-ledger.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import {
  actor,
  everyKind,
  LOCAL_KINDS,
  makeKnockRoom,
  openTestLog,
  testIdentity,
  userId,
  type TestLog,
} from '../support/history.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let test: TestDatabase;
let log: TestLog;
let directory: string;
const printed: { uptoPosition: number; digest: string }[] = [];

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  directory = await mkdtemp(join(tmpdir(), 'vestibule-verify-'));
  for (const version of ['7', '11', '12'] as const) {
    const roomId = await makeKnockRoom(log.deps, 'boss', version);
    await everyKind(log.deps, roomId, 'boss', `v${version}`);
  }
  const ledger = openLedger(join(directory, 'erasures.jsonl'));
  await eraseUser({ ...log.deps, ledger }, actor('boss', true), { userId: userId('v12-bob') });
  await seal(150);
  await seal(1_000_000);
});

afterAll(async () => {
  await log.close();
  await test.close();
  await rm(directory, { recursive: true, force: true });
});

async function seal(positionsPerSeal: number): Promise<void> {
  const logger = { info: (fields: object) => void printed.push(fields as (typeof printed)[number]) };
  await sealLog({ pool: test.database.pool, identity: log.identity, now: Date.now, logger }, positionsPerSeal);
}

function check(knownSeals: typeof printed = []): Promise<VerifyReport> {
  return verify({ pool: test.database.pool, identity: testIdentity() }, { knownSeals });
}

/** Runs statements as a superuser who has switched the triggers off. */
async function tamper(...statements: readonly string[]): Promise<void> {
  const client = await test.owner.pool.connect();
  try {
    await client.query('begin');
    await client.query('set local session_replication_role = replica');
    for (const statement of statements) await client.query(statement);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  } finally {
    client.release();
  }
}

/** Tampers, looks, and puts the tables back as they were. */
async function afterTampering(tables: readonly string[], ...statements: readonly string[]): Promise<VerifyReport> {
  await tamper(...tables.flatMap((table) => [`create table kept_${table} as table ${table}`]), ...statements);
  try {
    return await check();
  } finally {
    await tamper(
      ...tables.flatMap((table) => [
        `truncate ${table}`,
        `insert into ${table} select * from kept_${table}`,
        `drop table kept_${table}`,
      ]),
    );
  }
}

const OTHER: Readonly<Record<string, (column: string) => string>> = {
  text: (c) => `coalesce(${c}, '') || 'x'`,
  int2: (c) => `coalesce(${c}, 0) + 1`,
  int4: (c) => `coalesce(${c}, 0) + 1`,
  int8: (c) => `coalesce(${c}, 0) + 1000000`,
  _int8: (c) => `array_append(${c}, 1)`,
  bool: (c) => `not ${c}`,
  bytea: (c) => `coalesce(${c}, '') || '\\x20'`,
  timestamptz: (c) => `${c} + interval '1 second'`,
};

async function columnsOf(table: string): Promise<readonly { name: string; type: string }[]> {
  const { rows } = await test.owner.pool.query<{ name: string; type: string }>(
    `select a.attname as name, t.typname as type from pg_attribute a join pg_type t on t.oid = a.atttypid
      where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [table],
  );
  return rows;
}

/** A row from the middle of the table, away from the edges of seals. */
async function middleRow(table: string, position = 'position'): Promise<{ ctid: string; position: number }> {
  const { rows } = await test.owner.pool.query<{ ctid: string; position: number }>(
    `select ctid::text, ${position} as position from ${table} order by ${position} offset (select count(*) / 2 from ${table}) limit 1`,
  );
  return rows[0]!;
}

describe('a log that nobody touched', () => {
  it('holds all kinds of local transitions and verifies', async () => {
    const { rows } = await test.database.pool.query<{ kind: string }>('select distinct kind from transitions');
    expect(new Set(rows.map((row) => row.kind))).toEqual(new Set(LOCAL_KINDS));
    const report = await check(printed);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ clean: true, unsealedRows: 0, first: null });
    expect(report.seals).toBeGreaterThan(2);
    expect(report.erased).toBeGreaterThan(0);
  });

  it('tells how much is not sealed yet', async () => {
    const roomId = await makeKnockRoom(log.deps, 'late', '12');
    await knock(log.deps, actor('latecomer'), { roomId, reason: 'anybody there?' });
    const report = await check();
    expect(report.clean).toBe(true);
    expect(report.unsealedRows).toBeGreaterThan(10);
    expect(report.sealedUpTo).toBeLessThan(report.head);
    await seal(1_000_000);
    expect((await check()).unsealedRows).toBe(0);
  });
});

describe('a changed column', () => {
  for (const { name: table } of SEALED_TABLES) {
    it(`of ${table} is found, each one, and its row named`, async () => {
      const columns = await columnsOf(table);
      expect(columns.map((column) => column.name).sort()).toEqual(
        [...SEALED_TABLES.find((t) => t.name === table)!.columns].sort(),
      );
      for (const { name, type } of columns) {
        const row = await middleRow(table);
        const value = name === 'verdict' ? "'rejected'" : OTHER[type]!(`"${name}"`);
        const report = await afterTampering(
          [table],
          `update ${table} set "${name}" = ${value} where ctid = '${row.ctid}'`,
        );
        expect(report.clean, `${table}.${name}`).toBe(false);
        expect(report.first, `${table}.${name}`).toMatchObject({ check: 'seals', table, position: row.position });
      }
    });
  }

  it('of log_seals is found, each one', async () => {
    for (const { name, type } of await columnsOf('log_seals')) {
      const row = await middleRow('log_seals', 'upto_position');
      const value = name === 'upto_position' ? 'upto_position - 1' : OTHER[type]!(`"${name}"`);
      const report = await afterTampering(
        ['log_seals'],
        `update log_seals set "${name}" = ${value} where ctid = '${row.ctid}'`,
      );
      const position = name === 'upto_position' ? row.position - 1 : row.position;
      expect(report.first, name).toMatchObject({ check: 'seals', table: 'log_seals', position });
    }
  });

  it('of the counter is found', async () => {
    const behind = await afterTampering(['log_head'], 'update log_head set position = position - 1');
    expect(behind.first).toMatchObject({ table: 'log_head', column: 'position' });
    const ahead = await afterTampering(['log_head'], 'update log_head set position = position + 1');
    expect(ahead.first).toMatchObject({ check: 'positions', position: ahead.head });
  });

  it('of the words is found, although nothing seals them', async () => {
    for (const { name, type } of await columnsOf('event_content')) {
      const row = await middleRow('event_content', 'event');
      const report = await afterTampering(
        ['event_content'],
        `update event_content set "${name}" = ${OTHER[type]!(`"${name}"`)} where ctid = '${row.ctid}'`,
      );
      expect(report.first, name).toMatchObject({ check: 'words', table: 'event_content', position: row.position });
    }
  });
});

describe('a deleted row', () => {
  for (const { name: table } of SEALED_TABLES) {
    it(`of ${table} is found and named, wherever it stood`, async () => {
      const { rows } = await test.owner.pool.query<{ ctid: string; position: number }>(
        `select ctid::text, position from (select ctid, position, ntile(5) over (order by position) as part from ${table}) t
          where (part, position) in (select ntile, min(position) from
            (select position, ntile(5) over (order by position) from ${table}) u group by ntile) order by position`,
      );
      for (const row of rows) {
        const report = await afterTampering([table], `delete from ${table} where ctid = '${row.ctid}'`);
        expect(report.first, `position ${row.position}`).toMatchObject({
          check: 'seals',
          table,
          position: row.position,
        });
        expect(report.first!.reason).toContain('missing');
      }
    });
  }

  it('of the seals is found, unless it was the newest', async () => {
    const row = await middleRow('log_seals', 'upto_position');
    const report = await afterTampering(['log_seals'], `delete from log_seals where ctid = '${row.ctid}'`);
    expect(report.first).toMatchObject({ check: 'seals', table: 'log_seals' });
  });

  it('of the words, which no erasure covers, is missing and not erased', async () => {
    const row = await middleRow('event_content', 'event');
    const erased = (await check()).erased;
    const report = await afterTampering(['event_content'], `delete from event_content where ctid = '${row.ctid}'`);
    expect(report.first).toMatchObject({ check: 'words', table: 'event_content', position: row.position });
    expect(report.erased).toBe(erased);
  });
});

describe('an added row', () => {
  it('of words to an event that has none is found', async () => {
    const { rows } = await test.owner.pool.query<{ position: number }>(
      'select position from events where not words order by 1 limit 1',
    );
    const position = rows[0]!.position;
    const report = await afterTampering(
      ['event_content'],
      `insert into event_content select room_id, position, '', '{}' from events where position = ${position}`,
    );
    expect(report.first).toMatchObject({ check: 'words', position });
  });

  it('between sealed positions is found', async () => {
    const row = await middleRow('transitions');
    const columns = SEALED_TABLES.find((t) => t.name === 'state_changes')!.columns;
    const list = columns.map((c) => `"${c}"`).join(', ');
    const values = columns.map((c) => (c === 'state_key' ? "'@ghost:vestibule.test'" : `"${c}"`)).join(', ');
    const report = await afterTampering(
      ['state_changes'],
      `insert into state_changes (${list}) select ${values} from state_changes where position = ${row.position} - 1`,
    );
    expect(report.first).toMatchObject({ check: 'seals', table: 'state_changes', position: row.position - 1 });
    expect(report.first!.reason).toContain('added');
  });
});

describe('two swapped rows', () => {
  for (const { name: table, key } of SEALED_TABLES) {
    it(`of ${table} are found, whether their contents or their places were exchanged`, async () => {
      const columns = SEALED_TABLES.find((t) => t.name === table)!.columns;
      const { rows } = await test.owner.pool.query<{ ctid: string; position: number }>(
        `select ctid::text, position from ${table} order by position limit 2 offset greatest((select count(*) / 2 from ${table}) - 2, 0)`,
      );
      // An erasure stands alone in this log: there is nothing to swap it with.
      if (rows.length < 2) return expect(table).toBe('erasures');
      const [a, b] = rows as [(typeof rows)[0], (typeof rows)[0]];
      const rest = columns.filter((c) => !key.includes(c) && c !== 'position');
      const contents = [
        `create temp table two on commit drop as select ctid as was, * from ${table} where ctid in ('${a.ctid}', '${b.ctid}')`,
        `update ${table} t set ${rest.map((c) => `"${c}" = o."${c}"`).join(', ')} from two o where t.ctid in ('${a.ctid}', '${b.ctid}') and o.was <> t.ctid`,
      ];
      const places = [
        `update ${table} set position = -1 where ctid = '${a.ctid}'`,
        `update ${table} set position = ${a.position} where position = ${b.position} and ctid = '${b.ctid}'`,
        `update ${table} set position = ${b.position} where position = -1`,
      ];
      const moved = await afterTampering([table], ...places);
      expect(moved.first).toMatchObject({ check: 'seals', table, position: Math.min(a.position, b.position) });
      // Rooms' current lines differ in nothing but their names and places.
      if (table === 'state_lines') return;
      // The unique event id stands in the way of exchanging events' contents in one statement.
      const loosened = table === 'events' ? ['alter table events drop constraint events_event_id_room_id_key'] : [];
      const report = await afterTampering([table], ...loosened, ...contents);
      if (table === 'events') await tamper('alter table events add unique (event_id, room_id)');
      expect(report.first).toMatchObject({ check: 'seals', table, position: Math.min(a.position, b.position) });
    });
  }
});

describe('the newest seal', () => {
  it('can be taken away with the rows under it only against the printed copy', async () => {
    const newest = printed.at(-1)!;
    const before = printed.at(-2)!;
    const statements = [`delete from log_seals where upto_position = ${newest.uptoPosition}`];
    await tamper('create table kept_log_seals as table log_seals', ...statements);
    try {
      expect((await check()).clean).toBe(true);
      expect((await check(printed)).first).toMatchObject({ table: 'log_seals', position: newest.uptoPosition });
      expect((await check([before])).clean).toBe(true);
    } finally {
      await tamper(
        'truncate log_seals',
        'insert into log_seals select * from kept_log_seals',
        'drop table kept_log_seals',
      );
    }
  });
});

describe('the tail that is not sealed yet', () => {
  it('is checked for consistency all the same', async () => {
    const roomId = await makeKnockRoom(log.deps, 'tail', '12');
    await knock(log.deps, actor('tail-knocker'), { roomId, reason: 'knock knock' });
    const last = (table: string): string => `ctid = (select ctid from ${table} order by position desc limit 1)`;
    const cases: readonly (readonly [string, string, string])[] = [
      ['events', `update events set sender = '@other:vestibule.test' where ${last('events')}`, 'sender'],
      [
        'events',
        `update events set proof = overlay(proof placing '\\x30' from 100 for 1) where ${last('events')}`,
        'proof',
      ],
      ['verdicts', `update verdicts set anchor = anchor + 1 where ${last('verdicts')}`, 'anchor'],
      ['transitions', `update transitions set kind = 'JOINED' where ${last('transitions')}`, 'kind'],
      ['state_changes', `update state_changes set membership = 'join' where ${last('state_changes')}`, 'membership'],
      ['state_changes', `update state_changes set previous = 1 where ${last('state_changes')}`, 'previous'],
    ];
    for (const [table, statement, column] of cases) {
      const report = await afterTampering([table], statement);
      const named = report.findings.filter((finding) => finding.table === table && finding.column === column);
      expect(named.length, statement).toBeGreaterThan(0);
    }
    for (const { name: table } of SEALED_TABLES.filter(({ name }) => name !== 'erasures')) {
      const report = await afterTampering([table], `delete from ${table} where ${last(table)}`);
      expect(
        report.findings.some((finding) => finding.table === table),
        table,
      ).toBe(true);
    }
    expect((await check()).clean).toBe(true);
  });
});

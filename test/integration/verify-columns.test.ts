/** Verification names the row that was touched: every column of every log table, as the catalogue knows them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eraseUser } from '../../src/commands/erase.ts';
import { knock } from '../../src/commands/knock.ts';
import { openLedger } from '../../src/log/erasure-ledger.ts';
import { SEALED_TABLES } from '../../src/log/sealed-tables.ts';
import { PROJECTIONS } from '../../src/projections/index.ts';
import { actor, everyKind, LOCAL_KINDS, makeKnockRoom, redactions, userId } from '../support/history.ts';
import { openTamperedLog, otherThan, sealedColumns, type TamperedLog } from '../support/tamper.ts';

let tampered: TamperedLog;
let directory: string;

beforeAll(async () => {
  tampered = await openTamperedLog();
  directory = await mkdtemp(join(tmpdir(), 'vestibule-verify-'));
  const { deps } = tampered.log;
  for (const version of ['7', '11', '12'] as const) {
    const roomId = await makeKnockRoom(deps, 'boss', version);
    await everyKind(deps, roomId, 'boss', `v${version}`);
    await redactions(deps, roomId, 'boss', `v${version}`);
  }
  const ledger = openLedger(join(directory, 'erasures.jsonl'));
  await eraseUser({ ...deps, ledger }, actor('boss', true), { userId: userId('v12-bob') });
  await tampered.seal(150);
  await tampered.seal();
});

afterAll(async () => {
  await tampered.close();
  await rm(directory, { recursive: true, force: true });
});

describe('a log that nobody touched', () => {
  it('holds all kinds of local transitions and verifies', async () => {
    const rows = await tampered.query<{ kind: string }>('select distinct kind from transitions');
    expect(new Set(rows.map((row) => row.kind))).toEqual(new Set(LOCAL_KINDS));
    const report = await tampered.check(tampered.printed);
    expect(report.findings).toEqual([]);
    expect(report).toMatchObject({ clean: true, unsealedRows: 0, first: null });
    expect(report.seals).toBeGreaterThan(2);
    expect(report.erased).toBeGreaterThan(0);
  });

  it('tells how much is not sealed yet', async () => {
    const roomId = await makeKnockRoom(tampered.log.deps, 'late', '12');
    await knock(tampered.log.deps, actor('latecomer'), { roomId, reason: 'anybody there?' });
    const report = await tampered.check();
    expect(report.clean).toBe(true);
    expect(report.unsealedRows).toBeGreaterThan(10);
    expect(report.sealedUpTo).toBeLessThan(report.head);
    await tampered.seal();
    expect((await tampered.check()).unsealedRows).toBe(0);
  });
});

/** Columns that came after the seals, and say what sealed ones say too. */
const toldTwice = (table: string): readonly string[] => (table === 'events' ? ['out_of_band'] : []);

describe('a changed column', () => {
  for (const { name: table } of SEALED_TABLES) {
    it(`of ${table} is found, each one, and its row named`, async () => {
      const columns = await tampered.columnsOf(table);
      expect(columns.map(({ name }) => name).sort()).toEqual([...sealedColumns(table), ...toldTwice(table)].sort());
      for (const column of columns) {
        const { ctid, position } = await tampered.middleRow(table);
        const report = await tampered.afterTampering(
          [table],
          `update ${table} set "${column.name}" = ${otherThan(column)} where ctid = '${ctid}'`,
        );
        expect(report.clean, `${table}.${column.name}`).toBe(false);
        const check = toldTwice(table).includes(column.name) ? table : 'seals';
        expect(report.first, `${table}.${column.name}`).toMatchObject({ check, table, position });
      }
    });
  }

  it('of log_seals is found, each one', async () => {
    for (const column of await tampered.columnsOf('log_seals')) {
      const { ctid, position } = await tampered.middleRow('log_seals', 'upto_position');
      const key = column.name === 'upto_position';
      const report = await tampered.afterTampering(
        ['log_seals'],
        `update log_seals set "${column.name}" = ${key ? 'upto_position - 1' : otherThan(column)} where ctid = '${ctid}'`,
      );
      const named = { check: 'seals', table: 'log_seals', position: key ? position - 1 : position };
      expect(report.first, column.name).toMatchObject(named);
    }
  });

  it('of the counter is found, however far it was moved', async () => {
    const afterTampering = (...of: Parameters<TamperedLog['afterTampering']>) => tampered.afterTampering(...of);
    const behind = await afterTampering(['log_head'], 'update log_head set position = position - 1');
    expect(behind.first).toMatchObject({ table: 'log_head', column: 'position' });
    const ahead = await afterTampering(['log_head'], 'update log_head set position = position + 1');
    expect(ahead.first).toMatchObject({ check: 'positions', position: ahead.head });
    const far = await afterTampering(['log_head'], 'update log_head set position = 9000000000000000');
    expect(far.first).toMatchObject({ check: 'positions', table: 'log_head', column: 'position' });
    const gone = await afterTampering(['log_head'], 'delete from log_head');
    expect(gone.first).toMatchObject({ check: 'seals', table: 'log_head' });
  });

  it('of the words is found, although nothing seals them', async () => {
    for (const column of await tampered.columnsOf('event_content')) {
      const { ctid, position } = await tampered.middleRow('event_content', 'event');
      const report = await tampered.afterTampering(
        ['event_content'],
        `update event_content set "${column.name}" = ${otherThan(column)} where ctid = '${ctid}'`,
      );
      expect(report.first, column.name).toMatchObject({ check: 'words', table: 'event_content', position });
    }
  });

  it('of a projection is found, each one, and its table named', async () => {
    for (const table of PROJECTIONS.flatMap(({ tables }) => tables)) {
      for (const column of await tampered.columnsOf(table)) {
        const report = await tampered.afterTampering(
          [table],
          `update ${table} set "${column.name}" = ${otherThan(column)} where ctid = (select ctid from ${table} limit 1)`,
        );
        expect(report.first, `${table}.${column.name}`).toMatchObject({ check: 'projections', table });
      }
    }
  });
});

describe('rows of two seals that were both changed', () => {
  it('are told in their order, the earlier first', async () => {
    const rows = await tampered.query<{ position: number }>(
      'select min(position) as position from transitions union select max(position) from transitions order by 1',
    );
    const [earlier, later] = rows as [{ position: number }, { position: number }];
    const report = await tampered.afterTampering(
      ['transitions'],
      `update transitions set kind = 'BANNED' where position in (${earlier.position}, ${later.position})`,
    );
    expect(report.first).toMatchObject({ check: 'seals', table: 'transitions', position: earlier.position });
    expect(report.findings).toContainEqual(
      expect.objectContaining({ check: 'seals', table: 'transitions', position: later.position }),
    );
  });
});

/** Verification names the row that is missing, added or in another's place, down to a whole room. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eraseUser } from '../../src/commands/erase.ts';
import { openLedger } from '../../src/log/erasure-ledger.ts';
import { SEALED_TABLES } from '../../src/log/sealed-tables.ts';
import { actor, everyKind, makeKnockRoom, redactions, userId } from '../support/history.ts';
import { openTamperedLog, sealedColumns, type Row, type TamperedLog } from '../support/tamper.ts';

let tampered: TamperedLog;
let directory: string;

beforeAll(async () => {
  tampered = await openTamperedLog();
  directory = await mkdtemp(join(tmpdir(), 'vestibule-verify-'));
  const { deps } = tampered.log;
  for (const version of ['7', '12'] as const) {
    const roomId = await makeKnockRoom(deps, 'boss', version);
    await everyKind(deps, roomId, 'boss', `v${version}`);
    await redactions(deps, roomId, 'boss', `v${version}`);
  }
  const erase = { ...deps, ledger: openLedger(join(directory, 'erasures.jsonl')) };
  await eraseUser(erase, actor('boss', true), { userId: userId('v12-bob') });
  await eraseUser(erase, actor('boss', true), { userId: userId('v7-cleo') });
  await tampered.seal(60);
  await tampered.seal();
});

afterAll(async () => {
  await tampered.close();
  await rm(directory, { recursive: true, force: true });
});

describe('a deleted row', () => {
  for (const { name: table } of SEALED_TABLES) {
    it(`of ${table} is found and named, wherever it stood`, async () => {
      const rows = await tampered.query<Row>(
        `select ctid::text, position from (select ctid, position, ntile(5) over (order by position) as part from ${table}) t
          where (part, position) in (select ntile, min(position) from
            (select position, ntile(5) over (order by position) from ${table}) u group by ntile) order by position`,
      );
      for (const { ctid, position } of rows) {
        const report = await tampered.afterTampering([table], `delete from ${table} where ctid = '${ctid}'`);
        expect(report.first, `position ${position}`).toMatchObject({ check: 'seals', table, position });
        expect(report.first!.reason).toContain('missing');
      }
    });
  }

  it('of the seals is found, unless it was the newest', async () => {
    const { ctid } = await tampered.middleRow('log_seals', 'upto_position');
    const report = await tampered.afterTampering(['log_seals'], `delete from log_seals where ctid = '${ctid}'`);
    expect(report.first).toMatchObject({ check: 'seals', table: 'log_seals' });
  });

  it('of the words, which no erasure covers, is missing and not erased', async () => {
    const { ctid, position } = await tampered.middleRow('event_content', 'event');
    const { erased } = await tampered.check();
    const report = await tampered.afterTampering(['event_content'], `delete from event_content where ctid = '${ctid}'`);
    expect(report.first).toMatchObject({ check: 'words', table: 'event_content', position });
    expect(report.erased).toBe(erased);
  });
});

describe('a whole room', () => {
  const TABLES = ['events', 'verdicts', 'transitions', 'state_lines', 'state_changes', 'event_content'];

  it('cannot be deleted without a trace, and its first row is named', async () => {
    const [room] = await tampered.query<{ id: string; first: number }>(
      'select room_id as id, min(position) as first from events group by 1 order by 2 desc limit 1',
    );
    const statements = TABLES.map((table) => `delete from ${table} where room_id = '${room!.id}'`);
    const report = await tampered.afterTampering(TABLES, ...statements);
    expect(report.first).toMatchObject({ check: 'seals', position: room!.first });
    expect(report.first!.reason).toContain('missing');
  });

  it('cannot be renamed, and no event can be moved into another', async () => {
    const rooms = await tampered.query<{ id: string }>(
      'select room_id as id from events group by 1 order by min(position)',
    );
    const [one, other] = rooms as [{ id: string }, { id: string }];
    const rename = TABLES.map(
      (table) => `update ${table} set room_id = '!renamed:vestibule.test' where room_id = '${one.id}'`,
    );
    const renamed = await tampered.afterTampering(TABLES, ...rename);
    expect(renamed.first).toMatchObject({ check: 'seals', table: 'events', position: 1 });
    const named = renamed.findings.filter(({ table, column }) => table === 'events' && column === 'room_id');
    expect(named.length).toBeGreaterThan(0);
    const [event] = await tampered.query<{ position: number }>(
      'select position from events where room_id = $1 and not words order by 1 desc limit 1',
      [one.id],
    );
    const move = ['events', 'verdicts'].map((table) => {
      const column = table === 'events' ? 'position' : 'event';
      const free = table === 'events' ? '' : ', room_position = 1000000';
      return `update ${table} set room_id = '${other.id}'${free} where ${column} = ${event!.position}`;
    });
    const moved = await tampered.afterTampering(['events', 'verdicts'], ...move);
    expect(moved.first).toMatchObject({ check: 'seals', table: 'events', position: event!.position });
  });
});

describe('an erasure', () => {
  it('that no redaction of its event explains is found', async () => {
    const [erasure] = await tampered.query<{ position: number }>(
      "select position from erasures where kind = 'event' order by 1 limit 1",
    );
    const [other] = await tampered.query<{ event: number }>('select max(event) as event from event_content');
    const report = await tampered.afterTampering(
      ['erasures'],
      `update erasures set event = ${other!.event} where position = ${erasure!.position}`,
    );
    const named = report.findings.filter(({ check, table }) => check === 'acts' && table === 'erasures');
    expect(named).toMatchObject([{ position: erasure!.position, reason: 'is no redaction of that event' }]);
  });
});

describe('an added row', () => {
  it('of words to an event that has none is found', async () => {
    const [event] = await tampered.query<{ position: number }>(
      'select position from events where not words order by 1 limit 1',
    );
    const { position } = event!;
    const report = await tampered.afterTampering(
      ['event_content'],
      `insert into event_content select room_id, position, '', '{}' from events where position = ${position}`,
    );
    expect(report.first).toMatchObject({ check: 'words', position });
  });

  it('of words to nothing is found, of an event and of an act', async () => {
    const event = await tampered.afterTampering(
      ['event_content'],
      `insert into event_content values ('!none:vestibule.test', 1, '', '{}')`,
    );
    expect(event.first).toMatchObject({ check: 'words', table: 'event_content', position: 1 });
    const act = await tampered.afterTampering(['action_content'], `insert into action_content values (1, '', '{}')`);
    expect(act.first).toMatchObject({ check: 'words', table: 'action_content', position: 1 });
  });

  it('between sealed positions is found', async () => {
    const { position } = await tampered.middleRow('transitions');
    const columns = sealedColumns('state_changes');
    const list = columns.map((c) => `"${c}"`).join(', ');
    const values = columns.map((c) => (c === 'state_key' ? "'@ghost:vestibule.test'" : `"${c}"`)).join(', ');
    const report = await tampered.afterTampering(
      ['state_changes'],
      `insert into state_changes (${list}) select ${values} from state_changes where position = ${position} - 1`,
    );
    expect(report.first).toMatchObject({ check: 'seals', table: 'state_changes', position: position - 1 });
    expect(report.first!.reason).toContain('added');
  });
});

describe('two swapped rows', () => {
  for (const { name: table, key } of SEALED_TABLES) {
    it(`of ${table} are found, whether their contents or their places were exchanged`, async () => {
      const rows = await tampered.query<Row>(
        `select ctid::text, position from ${table} order by position limit 2 offset greatest((select count(*) / 2 from ${table}) - 2, 0)`,
      );
      const [a, b] = rows as [Row, Row];
      const named = { check: 'seals', table, position: Math.min(a.position, b.position) };
      const moved = await tampered.afterTampering(
        [table],
        `update ${table} set position = -1 where ctid = '${a.ctid}'`,
        `update ${table} set position = ${a.position} where position = ${b.position} and ctid = '${b.ctid}'`,
        `update ${table} set position = ${b.position} where position = -1`,
      );
      expect(moved.first).toMatchObject(named);
      // Rooms' current lines differ in nothing but their names and places.
      if (table === 'state_lines') return;
      const rest = sealedColumns(table).filter((column) => !key.includes(column) && column !== 'position');
      const set = rest.map((column) => `"${column}" = o."${column}"`).join(', ');
      // The unique event id stands in the way of exchanging events' contents in one statement.
      const loosened = table === 'events' ? ['alter table events drop constraint events_event_id_room_id_key'] : [];
      const report = await tampered.afterTampering(
        [table],
        ...loosened,
        `create temp table two on commit drop as select ctid as was, * from ${table} where ctid in ('${a.ctid}', '${b.ctid}')`,
        `update ${table} t set ${set} from two o where t.ctid in ('${a.ctid}', '${b.ctid}') and o.was <> t.ctid`,
      );
      if (table === 'events') await tampered.tamper('alter table events add unique (event_id, room_id)');
      expect(report.first).toMatchObject(named);
    });
  }
});

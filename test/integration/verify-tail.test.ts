/** What verification says of rows that nothing seals yet, of the newest seal, and of words that an erasure took. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eraseUser } from '../../src/commands/erase.ts';
import { knock } from '../../src/commands/knock.ts';
import { openLedger } from '../../src/log/erasure-ledger.ts';
import { SEALED_TABLES } from '../../src/log/sealed-tables.ts';
import { parseServerName } from '../../src/matrix/identifiers.ts';
import { actor, everyKind, makeKnockRoom, testIdentity, userId } from '../support/history.ts';
import { openTamperedLog, type TamperedLog } from '../support/tamper.ts';

let tampered: TamperedLog;
let directory: string;

beforeAll(async () => {
  tampered = await openTamperedLog();
  directory = await mkdtemp(join(tmpdir(), 'vestibule-verify-'));
  const { deps } = tampered.log;
  const roomId = await makeKnockRoom(deps, 'boss', '11');
  await everyKind(deps, roomId, 'boss', 'sealed');
  await tampered.seal(60);
  await tampered.seal();
});

afterAll(async () => {
  await tampered.close();
  await rm(directory, { recursive: true, force: true });
});

describe('the newest seal', () => {
  it('can be taken away with the rows under it only against the printed copy', async () => {
    const [before, newest] = tampered.printed.slice(-2) as [
      { uptoPosition: number; digest: string },
      { uptoPosition: number; digest: string },
    ];
    await tampered.tamper(
      'create table kept_log_seals as table log_seals',
      `delete from log_seals where upto_position = ${newest.uptoPosition}`,
    );
    expect((await tampered.check()).clean).toBe(true);
    const convicted = await tampered.check(tampered.printed);
    expect(convicted.first).toMatchObject({ table: 'log_seals', position: newest.uptoPosition });
    expect((await tampered.check([before])).clean).toBe(true);
    await tampered.tamper(
      'truncate log_seals',
      'insert into log_seals select * from kept_log_seals',
      'drop table kept_log_seals',
    );
  });

  it('cannot be made by whoever lacks the key', async () => {
    const other = { ...testIdentity(7), serverName: parseServerName('vestibule.test')! };
    const report = await tampered.check([], other);
    expect(report.first).toMatchObject({ check: 'seals', table: 'log_seals' });
  });
});

describe('the epoch', () => {
  it('says who writes, and nothing of what was written', async () => {
    const report = await tampered.afterTampering(['log_head'], 'update log_head set epoch = epoch + 1');
    expect(report.clean).toBe(true);
  });
});

describe('a server of another name', () => {
  it('has signed none of this log', async () => {
    const report = await tampered.check([], { ...tampered.log.identity, serverName: parseServerName('other.test')! });
    expect(report.clean).toBe(false);
    expect(report.counts.events).toBe(report.events);
  });
});

describe('the tail that is not sealed yet', () => {
  const last = (table: string): string => `ctid = (select ctid from ${table} order by position desc limit 1)`;

  beforeAll(async () => {
    const roomId = await makeKnockRoom(tampered.log.deps, 'tail', '12');
    await knock(tampered.log.deps, actor('tail-knocker'), { roomId, reason: 'knock knock' });
  });

  it('is checked for consistency all the same', async () => {
    const cases: readonly (readonly [table: string, set: string, column: string])[] = [
      ['events', `sender = '@other:vestibule.test'`, 'sender'],
      ['events', 'proof = set_byte(proof, 100, get_byte(proof, 100) # 1)', 'proof'],
      ['verdicts', 'anchor = anchor + 1', 'anchor'],
      ['transitions', `kind = 'JOINED'`, 'kind'],
      ['state_changes', `membership = 'join'`, 'membership'],
      ['state_changes', 'previous = 1', 'previous'],
    ];
    for (const [table, set, column] of cases) {
      const report = await tampered.afterTampering([table], `update ${table} set ${set} where ${last(table)}`);
      const named = report.findings.filter((finding) => finding.table === table && finding.column === column);
      expect(named.length, set).toBeGreaterThan(0);
    }
  });

  it('misses no row', async () => {
    for (const { name: table } of SEALED_TABLES.filter(({ name }) => name !== 'erasures')) {
      const report = await tampered.afterTampering([table], `delete from ${table} where ${last(table)}`);
      expect(
        report.findings.some((finding) => finding.table === table),
        table,
      ).toBe(true);
    }
    expect((await tampered.check()).clean).toBe(true);
  });

  it('cannot hold an event of another room, nor one that nobody signed', async () => {
    const [event] = await tampered.query<{ position: number }>('select max(position) as position from events');
    const tables = ['events', 'verdicts', 'transitions', 'state_changes', 'event_content'];
    const here = `(select room_id from events where position = ${event!.position})`;
    const there = '(select room_id from events where position = 1)';
    const moved = await tampered.afterTampering(
      tables,
      `update events set room_id = ${there}, proof = convert_to(replace(convert_from(proof, 'UTF8'), ${here}, ${there}), 'UTF8') where position = ${event!.position}`,
      `update event_content set room_id = ${there} where event = ${event!.position}`,
    );
    expect(moved.findings).toContainEqual(
      expect.objectContaining({ check: 'events', table: 'events', position: event!.position, column: 'proof' }),
    );
  });
});

describe('words that an erasure took', () => {
  it('are told from words that were put back', async () => {
    const { deps } = tampered.log;
    const kim = userId('kim');
    const roomId = await makeKnockRoom(deps, 'host', '9');
    await knock(deps, actor('kim'), { roomId, reason: 'words to be forgotten' });
    await tampered.query('insert into action_content select max(position), $1, $2 from actions', [
      kim,
      Buffer.from('a note'),
    ]);
    await tampered.tamper('create table backup as table event_content', 'create table notes as table action_content');
    const ledger = openLedger(join(directory, 'erasures.jsonl'));
    await eraseUser({ ...deps, ledger }, actor('host', true), { userId: kim });
    expect(await tampered.check()).toMatchObject({ clean: true, erased: 1 });
    // What a restored backup does, and what somebody does who regrets an erasure.
    const back = await tampered.afterTampering(
      ['event_content', 'action_content'],
      `insert into event_content select * from backup where subject = '${kim}'`,
      'insert into action_content select * from notes',
    );
    expect(back.counts).toEqual({ words: 2 });
    expect(back.first).toMatchObject({ check: 'words', table: 'event_content' });
    expect(back.findings.map(({ reason }) => reason)).toEqual(Array(2).fill(expect.stringContaining('put back')));
    await tampered.tamper('drop table backup', 'drop table notes');
    await knock(deps, actor('kim'), { roomId: await makeKnockRoom(deps, 'host'), reason: 'new words' });
    expect(await tampered.check()).toMatchObject({ clean: true, erased: 1 });
  });
});

/** Whatever the database has as defaults, a batch is written as the log needs it: on the disk before the answer, or not at all. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TxClient } from '../../src/database/tx.ts';
import { openDatabase, type Database } from '../../src/database/database.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { everyKind, makeKnockRoom, openTestLog, userId, type TestLog } from '../support/history.ts';

let test: TestDatabase;
let database: Database;
let log: TestLog;

beforeAll(async () => {
  test = await openTestDatabase();
  const { rows } = await test.owner.pool.query<{ name: string }>('select current_database() as name');
  for (const setting of ['synchronous_commit = off', 'default_transaction_isolation = serializable'])
    await test.owner.pool.query(`alter database ${rows[0]!.name} set ${setting}`);
  // Connections of its own: those that were there before know nothing of the new defaults.
  database = openDatabase({ url: test.url, max: 10 });
  log = await openTestLog(database);
});

afterAll(async () => {
  await log.close();
  await database.close();
  await test.close();
});

async function write(within: (tx: TxClient) => Promise<void>): Promise<unknown> {
  const action = { actor: userId('boss'), token: null, operation: 'test', roomId: null, target: null };
  const actions = [{ ...action, outcome: 'ok', event: null, onBehalfOf: null }];
  return log.writer.recorder.append({ roomId: null, head: null, judged: [], actions, erasures: [], within });
}

it('a commit reaches the disk before anybody is answered, where the database would not wait for it', async () => {
  const { rows } = await database.pool.query('show synchronous_commit');
  expect(rows).toEqual([{ synchronous_commit: 'off' }]);
  const seen: unknown[] = [];
  await write(async (tx) => {
    for (const setting of ['synchronous_commit', 'transaction_isolation'])
      seen.push(...(await tx.query({ text: `show ${setting}` })).rows);
  });
  expect(seen).toEqual([{ synchronous_commit: 'on' }, { transaction_isolation: 'read committed' }]);
});

it('a transaction that broke unnoticed is not taken for stored', async () => {
  const { rows: before } = await database.pool.query('select position from log_head');
  const broken = write(async (tx) => void (await tx.query({ text: 'select 1 / 0' }).catch(() => undefined)));
  await expect(broken).rejects.toThrow('ROLLBACK');
  expect((await database.pool.query('select position from log_head')).rows).toEqual(before);
  await write(() => Promise.resolve());
  const { rows: after } = await database.pool.query<{ position: number }>('select position from log_head');
  expect(after).toEqual([{ position: (before[0] as { position: number }).position + 1 }]);
});

it('all acts work under these defaults', async () => {
  const roomId = await makeKnockRoom(log.deps, 'boss');
  await everyKind(log.deps, roomId, 'boss', 'default');
  const { rows } = await database.pool.query<{ kinds: number }>(
    'select count(distinct kind)::int4 as kinds from transitions',
  );
  expect(rows[0]!.kinds).toBe(16);
});

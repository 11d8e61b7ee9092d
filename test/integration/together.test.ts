/** Statements of one transaction that are sent together. */
import type { PoolClient } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { boundTransactions, takesTogether, together } from '../../src/database/together.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let test: TestDatabase;
let client: PoolClient;

beforeAll(async () => {
  test = await openTestDatabase();
  await test.owner.pool.query('create table numbers (n int8 primary key)');
});

beforeEach(async () => {
  client = await test.owner.pool.connect();
  await client.query('truncate numbers');
});

afterEach(() => client.release());

afterAll(() => test.close());

const INSERT = { name: 'insert-number', text: 'insert into numbers (n) values ($1)' };

/** Inserts numbers, as one transaction. */
async function insert(...numbers: readonly number[]): Promise<void> {
  const { tx, send } = together();
  await Promise.all([...numbers.map((n) => tx.query({ ...INSERT, values: [n] })), send(client)]);
}

/** As another connection sees them. */
async function stored(): Promise<readonly number[]> {
  const { rows } = await test.owner.pool.query<{ n: number }>('select n from numbers order by n');
  return rows.map(({ n }) => n);
}

it('statements that are sent together are stored when they are answered', async () => {
  await insert(1, 2, 3);
  expect(await stored()).toEqual([1, 2, 3]);
});

it('each of the statements that are sent together has its own answer', async () => {
  const { tx, send } = together();
  const answers = [
    tx.query({ name: 'one-number', text: 'select $1::int8 as n', values: [1] }),
    tx.query({ ...INSERT, values: [7] }),
    tx.query({ name: 'all-numbers', text: 'select n from numbers' }),
  ];
  await send(client);
  const [one, inserted, all] = await Promise.all(answers);
  expect([one?.rows, inserted?.rowCount, all?.rows]).toEqual([[{ n: 1 }], 1, [{ n: 7 }]]);
});

it('nothing is stored of statements of which one fails, and all are told why', async () => {
  const { tx, send } = together();
  const answers = [1, 2, 1, 3].map((n) => tx.query({ ...INSERT, values: [n] }));
  await expect(send(client)).rejects.toMatchObject({ code: '23505' });
  for (const answer of answers) await expect(answer).rejects.toMatchObject({ code: '23505' });
  expect(await stored()).toEqual([]);
});

it('statements that were passed over because one before them failed are carried out the next time', async () => {
  const { tx, send } = together();
  const refused = [
    tx.query({ name: 'no-number', text: 'select 1 / $1::int8', values: [0] }),
    tx.query({ name: 'passed-over', text: 'insert into numbers values ($1)', values: [1] }),
  ];
  await expect(send(client)).rejects.toMatchObject({ code: '22012' });
  await Promise.allSettled(refused);
  const again = together();
  const passed = again.tx.query({ name: 'passed-over', text: 'insert into numbers values ($1)', values: [2] });
  await Promise.all([passed, again.send(client)]);
  await client.query({ name: 'passed-over', text: 'insert into numbers values ($1)', values: [3] });
  await insert(4);
  expect(await stored()).toEqual([2, 3, 4]);
});

it('a statement is refused that comes when its transaction is over', async () => {
  const { tx, send } = together();
  const first = tx.query({ ...INSERT, values: [1] });
  await Promise.all([first, send(client)]);
  await expect(tx.query({ ...INSERT, values: [2] })).rejects.toThrow('over');
  expect(await stored()).toEqual([1]);
});

it('a connection takes statements together when the database ends what stays open on it, as Postgres does from 17 on', async () => {
  const { rows } = await client.query<{ version: number }>(
    "select current_setting('server_version_num')::int4 as version",
  );
  expect(takesTogether(client)).toBe(false);
  await boundTransactions(client, 5_000);
  const { rows: known } = await client.query("select setting from pg_settings where name = 'transaction_timeout'");
  const isKnown = rows[0]!.version >= 170_000;
  expect([takesTogether(client), known]).toEqual([isKnown, isKnown ? [{ setting: '5000' }] : []]);
  await client.query('reset all');
});

it('statements are refused whose connection is lost before they are answered', async () => {
  const lost = await test.owner.pool.connect();
  lost.on('error', () => undefined);
  const { rows } = await lost.query<{ pid: number }>('select pg_backend_pid() as pid');
  const { tx, send } = together();
  const answer = tx.query({ text: 'select pg_terminate_backend($1)', values: [rows[0]!.pid] });
  await expect(Promise.all([answer, send(lost)])).rejects.toThrow();
  lost.release(true);
});

/** Taking deleted words out of the files while others use the database: whoever could keep them there is waited for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PoolClient } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { scrubFiles } from '../../src/commands/scrub-files.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { wordsInFiles } from '../support/words.ts';

let test: TestDatabase;
let word: string;
let nth = 0;

beforeAll(async () => {
  test = await openTestDatabase();
});

afterAll(() => test.close());

/** A word of its own for each test, in a table and in the planner's samples of it. */
beforeEach(async () => {
  word = `brachytrachelopan-mesai-${String((nth += 1))}`;
  // Twice, so that it is a sample of what is common.
  const text = 'insert into profiles (user_id, displayname) select user_id, $2 from unnest($1::text[]) user_id';
  await test.owner.pool.query(text, [[`@one-${nth}:x`, `@two-${nth}:x`], word]);
  await test.owner.pool.query('analyze profiles');
  const samples = 'select from pg_stats where tablename = $1 and most_common_vals::text like $2';
  const { rowCount } = await test.owner.pool.query(samples, ['profiles', `%${word}%`]);
  if (rowCount !== 1) throw new Error('the word is not among the samples');
});

const erase = () => test.owner.pool.query('delete from profiles');

interface Other {
  readonly client: PoolClient;
  /** Ends the transaction, a while later. */
  end(): Promise<void>;
}

/** Somebody else's connection, in a transaction. */
async function other({ database }: TestDatabase, ...statements: readonly string[]): Promise<Other> {
  const client = await database.pool.connect();
  for (const statement of statements) await client.query(statement);
  return {
    client,
    async end() {
      await sleep(500);
      await client.query('rollback');
      client.release();
    },
  };
}

it('nothing is left of a table that has become empty, not even among the samples', async () => {
  await erase();
  await scrubFiles(test.owner.pool);
  expect(await wordsInFiles(test.owner, [word])).toEqual([]);
});

it('a reader who began before the erasure is waited for', async () => {
  const reader = await other(test, 'begin isolation level repeatable read', 'select from profiles');
  await erase();
  await Promise.all([scrubFiles(test.owner.pool), reader.end()]);
  expect(await wordsInFiles(test.owner, [word])).toEqual([]);
});

it('a writer who began before the erasure, and reads nothing at the moment, is waited for', async () => {
  const writer = await other(test, 'begin', "insert into workers values ('writer', now())");
  await erase();
  await Promise.all([scrubFiles(test.owner.pool), writer.end()]);
  expect(await wordsInFiles(test.owner, [word])).toEqual([]);
});

it('a writer in another database who began before the erasure is waited for: transactions are numbered together', async () => {
  const elsewhere = await openTestDatabase();
  const writer = await other(elsewhere, 'begin', "insert into workers values ('writer', now())");
  await erase();
  await Promise.all([scrubFiles(test.owner.pool), writer.end()]);
  await elsewhere.close();
  expect(await wordsInFiles(test.owner, [word])).toEqual([]);
});

it('a reader who comes while the tables are rewritten, and could still see their old samples, is waited for', async () => {
  // What it sees is settled by its first query.
  const reader = await other(test, 'begin isolation level repeatable read');
  await erase();
  const reading: Promise<unknown>[] = [];
  await scrubFiles(test.owner.pool, ({ table }) => {
    // Two tables before the one with the word.
    if (table === 'action_content') reading.push(reader.client.query('select from rooms').then(() => reader.end()));
  });
  await Promise.all(reading);
  expect(await wordsInFiles(test.owner, [word])).toEqual([]);
});

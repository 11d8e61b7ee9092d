/** Look-ups that share a query: who is answered what, and what one bad key costs the others. */
import { expect, test } from 'vitest';
import type { Db } from '../../../src/database/database.ts';
import { gathered } from '../../../src/database/gather.ts';

const here = {} as Db;
const elsewhere = {} as Db;

/** A look-up that doubles numbers and refuses 13, as a database refuses a statement: whole. */
function doubling(): { look: (db: Db, n: number) => Promise<number>; readonly asked: [Db, number[]][] } {
  const asked: [Db, number[]][] = [];
  const look = gathered(async (db: Db, keys: readonly number[]) => {
    asked.push([db, [...keys]]);
    if (keys.includes(13)) throw new Error('unlucky');
    return keys.map((n) => n * 2);
  });
  return { look, asked };
}

test('what is asked for at the same time is read at once, and everybody gets their own answer', async () => {
  const { look, asked } = doubling();
  expect(await Promise.all([look(here, 1), look(here, 2), look(here, 1)])).toEqual([2, 4, 2]);
  expect(asked).toEqual([[here, [1, 2, 1]]]);
});

test('nothing is remembered: who asks later is read anew', async () => {
  const { look, asked } = doubling();
  await look(here, 1);
  await look(here, 1);
  expect(asked).toHaveLength(2);
});

test('a key that is refused fails alone', async () => {
  const { look } = doubling();
  const answers = await Promise.allSettled([look(here, 1), look(here, 13), look(here, 2)]);
  expect(answers).toEqual([
    { status: 'fulfilled', value: 2 },
    { status: 'rejected', reason: new Error('unlucky') },
    { status: 'fulfilled', value: 4 },
  ]);
});

test('databases do not share a query', async () => {
  const { look, asked } = doubling();
  await Promise.all([look(here, 1), look(elsewhere, 1)]);
  expect(asked.map(([db]) => db)).toEqual([here, elsewhere]);
});

test('keys of one name are looked up once where they are asked for together, and anew later', async () => {
  const asked: number[][] = [];
  const read = async (_db: Db, keys: readonly number[]) => {
    asked.push([...keys]);
    return keys.map((n) => n * 2);
  };
  const look = gathered(read, { nameOf: (n) => String(n % 10) });
  expect(await Promise.all([look(here, 1), look(here, 11), look(here, 2)])).toEqual([2, 2, 4]);
  expect(await look(here, 11)).toBe(22);
  expect(asked).toEqual([[1, 2], [11]]);
});

test('who can wait shares a query with those who come soon after', async () => {
  const asked: number[][] = [];
  const read = async (_db: Db, keys: readonly number[]) => {
    asked.push([...keys]);
    return keys;
  };
  const look = gathered(read, { restMs: 50 });
  await look(here, 1);
  const second = look(here, 2);
  await new Promise((resolve) => setImmediate(resolve));
  expect(await Promise.all([second, look(here, 3)])).toEqual([2, 3]);
  expect(asked).toEqual([[1], [2, 3]]);
});

/** What goes to Postgres as a binary array comes back as it was: the writer trusts it with every row of the log. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { binaryArray, type Element, type ElementType } from '../../src/database/binary-array.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await openTestDatabase();
});

afterAll(() => database.close());

async function echo(type: ElementType, values: readonly Element[]): Promise<readonly unknown[]> {
  const array = binaryArray(type, values, (value) => value);
  const { rows } = await database.database.pool.query<{ value: unknown }>(
    `select value from unnest($1::${type}[]) as t (value)`,
    [array],
  );
  return rows.map(({ value }) => value);
}

const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.array(fc.option(arbitrary), { maxLength: 40 });
// Postgres text holds no NUL, and UTF-8 no lone surrogate.
const text = fc.string({ unit: 'grapheme', maxLength: 300 }).map((value) => value.replaceAll('\u0000', ''));
const bytes = fc.uint8Array({ maxLength: 3000 }).map((value) => Buffer.from(value));
const CASES: readonly (readonly [ElementType, fc.Arbitrary<Element>])[] = [
  ['text', text],
  ['bytea', bytes],
  ['bool', fc.boolean()],
  ['int2', fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 })],
  ['int4', fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })],
  ['int8', fc.maxSafeInteger()],
];

describe('a binary array', () => {
  it.each(CASES)('of %s arrives as it was, nulls too', async (type, arbitrary) => {
    const property = fc.asyncProperty(nullable(arbitrary), async (values) => {
      expect(await echo(type, values)).toEqual(values);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('holds the longest event there is, many times', async () => {
    const long = Buffer.alloc(65_536, 7);
    const values = Array.from({ length: 64 }, () => long);
    expect(await echo('bytea', values)).toEqual(values);
    const words = Array.from({ length: 64 }, (_, n) => '🜁'.repeat(10_000) + n);
    expect(await echo('text', words)).toEqual(words);
  });

  it.each([
    ['text', 1],
    ['bytea', 'word'],
    ['int8', 'word'],
    ['int8', NaN],
    ['int8', 2 ** 53],
    ['int8', 1.5],
    ['int4', 2 ** 31],
    ['int2', 2 ** 15],
    ['bool', 'true'],
  ] as const)('of %s refuses %s', (type, value) => {
    expect(() => binaryArray(type, [value], (element) => element)).toThrow(/stands in a column/);
  });
});

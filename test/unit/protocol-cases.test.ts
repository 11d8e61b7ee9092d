/** Each numbered case of the protocol is a test that names its number. */
import { describe, expect, it } from 'vitest';
import { CASES, casesNamed, casesOfTests } from '../support/protocol-cases.ts';

const found = new Set([...casesOfTests().values()].flat());

describe('the cases of PROTOCOL §8', () => {
  it.each(CASES)('%i is named by a test', (number) => {
    expect(found).toContain(number);
  });

  it('are the only numbers that tests begin with', () => {
    expect([...found].filter((number) => !CASES.includes(number))).toEqual([]);
  });
});

describe('the search for numbers', () => {
  it('reads every way to name a test, and no other text', () => {
    const source = [
      "it('1: one', () => {});",
      'test("2: two", () => {});',
      "describe('3: three', () => {",
      'it(`4: four of ${n}`, { timeout: 1 }, async () => {});',
      "it.each(['7', f(8)])(\n    '5: five of %s',",
      "it.concurrent('6: six'",
      "describe.each(ALL)('7: seven %s'",
      "it.skip('12: twelve'; it.todo('13: thirteen')",
      "describe.skipIf(old)('14: fourteen'",
      "expect(x, '8: eight');",
      '// it is 9: nine',
      "it('a10: ten', () => {}); it('11 eleven'); it('12:');",
    ].join('\n');
    expect(casesNamed(source)).toEqual([1, 2, 3, 4, 5, 6, 7, 14]);
  });
});

/** Instants are spelled as JavaScript spells them. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { spellInstant } from '../../../src/graphql/instants.ts';

it.each([
  ...['2026-01-31T12:34:56.789Z', '2026-01-31T12:34:56.780Z', '2026-01-31T23:59:59.999Z', '2026-02-01T00:00:00.000Z'],
  ...['1970-01-01T00:00:00.000Z', '1969-12-31T23:59:59.999Z', '2024-02-29T00:00:00.001Z'],
  ...[
    '0000-01-01T00:00:00.000Z',
    '-000001-12-31T01:02:03.004Z',
    '+010000-01-01T00:00:00.000Z',
    '+275760-09-13T00:00:00.000Z',
  ],
])('%s', (text) => {
  expect(spellInstant(new Date(text))).toBe(text);
});

const { min, max } = { min: new Date('2026-03-01'), max: new Date('2026-03-03') };

it.each([
  ['of any day', fc.date({ noInvalidDate: true })],
  ['of one day or the next', fc.date({ min, max, noInvalidDate: true })],
])('%s, in any order', (_which, date) => {
  fc.assert(
    fc.property(fc.array(date), (all) => {
      expect(all.map(spellInstant)).toEqual(all.map((one) => one.toISOString()));
    }),
  );
});

it('but not what is none', () => {
  expect(() => spellInstant(new Date(NaN))).toThrow(RangeError);
});

/** Instants are read as the driver reads them. */
import fc from 'fast-check';
import pg from 'pg';
import { expect, it } from 'vitest';
import { parseInstant } from '../../../src/database/instants.ts';

const theirs = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text') as (text: string) => Date | number;

it.each([
  ...[
    '2026-01-31 12:34:56+00',
    '2026-01-31 12:34:56.7+00',
    '2026-01-31 12:34:56.78+00',
    '2026-12-31 23:59:59.999999+00',
  ],
  ...[
    '2024-02-29 00:00:00+00',
    '1970-01-01 00:00:00.000001+00',
    '0100-01-01 00:00:00+00',
    '9999-12-31 23:59:59.999+00',
  ],
  ...['0099-12-31 00:00:00+00', '0044-03-15 00:00:00+00 BC', '10000-01-01 00:00:00+00', 'infinity', '-infinity'],
  ...['2026-01-31 12:34:56+02', '2026-01-31 12:34:56.5-05:30'],
])('%s', (text) => {
  expect(parseInstant(text)).toEqual(theirs(text));
});

it('of any time since 1970, to the millisecond', () => {
  const times = fc.tuple(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), fc.nat(999));
  fc.assert(
    fc.property(times, ([date, micros]) => {
      const text = `${date.toISOString().slice(0, -1).replace('T', ' ')}${String(micros).padStart(3, '0')}+00`;
      expect(parseInstant(text)).toEqual(date);
    }),
  );
});

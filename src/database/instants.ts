/** Instants as Postgres spells them: there are dozens in an answer, and the driver takes a microsecond for each. */
import pg from 'pg';

const parseAny = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text') as (text: string) => Date | number;

const ZERO = '0'.charCodeAt(0);
// `2026-01-31 12:00:00`, and then perhaps a fraction.
const WHOLE = 19;

/** Of a connection in UTC. What is not of the usual form, years of other lengths and infinities, is left to the driver. */
export function parseInstant(text: string): Date | number {
  const end = text.length - 3;
  const digits = (from: number, count: number): number => {
    let value = 0;
    for (let i = from; i < from + count; i += 1) value = 10 * value + (i < end ? text.charCodeAt(i) - ZERO : 0);
    return value;
  };
  const year = digits(0, 4);
  // Date.UTC takes the first hundred years for those of the last century.
  if (end < WHOLE || text[10] !== ' ' || !text.endsWith('+00') || year < 100) return parseAny(text);
  const milliseconds = end > WHOLE ? digits(WHOLE + 1, 3) : 0;
  return new Date(
    Date.UTC(year, digits(5, 2) - 1, digits(8, 2), digits(11, 2), digits(14, 2), digits(17, 2), milliseconds),
  );
}

/** The schema's own scalars. */
import { GraphQLError, GraphQLScalarType } from 'graphql';
import { spellInstant } from '../instants.ts';

// With its zone: a time without one means another instant in each place.
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** The 31st of February would be taken for a day in March. */
function isThere(text: string): boolean {
  const day = text.slice(0, 10);
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

const dateTime = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  serialize(value) {
    if (value instanceof Date) return spellInstant(value);
    throw new TypeError('an instant is not a Date');
  },
  parseValue(value) {
    const instant = typeof value === 'string' && INSTANT.test(value) ? new Date(value) : null;
    if (instant !== null && !Number.isNaN(instant.getTime()) && isThere(value as string)) return instant;
    throw new GraphQLError('This is no instant, such as "2026-01-31T12:00:00Z".');
  },
});

const json = new GraphQLScalarType({ name: 'JSON' });

export const scalars = { DateTime: dateTime, JSON: json };

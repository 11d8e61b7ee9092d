/** The schema's own scalars; both are only ever given out. */
import { GraphQLScalarType } from 'graphql';

const dateTime = new GraphQLScalarType<never, string>({
  name: 'DateTime',
  serialize(value) {
    if (value instanceof Date) return value.toISOString();
    throw new TypeError('an instant is not a Date');
  },
});

const json = new GraphQLScalarType({ name: 'JSON' });

export const scalars = { DateTime: dateTime, JSON: json };

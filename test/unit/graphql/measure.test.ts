/** A size that is kept is the one that would be measured. */
import fc from 'fast-check';
import { buildSchema, getOperationAST, parse, validate } from 'graphql';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { sizeOf } from '../../../src/graphql/limits.ts';
import { createMeasure } from '../../../src/graphql/measure.ts';

const schema = buildSchema(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'));
const document = parse(
  `query ($first: Int, $last: Int = 7, $since: DateTime, $room: String, $unused: [Int!]) {
     rooms(first: $first) { nodes { knocks(last: $last, where: { roomId: $room }) { nodes { id } } } }
     server { name } room(roomId: $room) { stats { outcomesByDay(since: $since) { accepted } } } }`,
);
const operation = getOperationAST(document)!;

it('whatever the variables are, and whatever came before', () => {
  expect(validate(schema, document).filter(({ message }) => !message.includes('never used'))).toEqual([]);
  const measure = createMeasure();
  const number = fc.option(fc.constantFrom<unknown>(0, 1, 50, 100, -3, 1e9, '5', [5], true), { nil: null });
  const variables = fc.record(
    {
      first: number,
      last: number,
      since: fc.constantFrom(null, '2026-01-31T12:00:00Z'),
      room: fc.constantFrom(null, '!a'),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(variables, (given) => {
      const request = { schema, document, operation, variables: given };
      expect(measure(request)).toEqual(sizeOf(request));
    }),
    { numRuns: 500 },
  );
});

it('is not measured anew', () => {
  const measure = createMeasure();
  const ask = (first: number) => measure({ schema, document, operation, variables: { first } });
  expect(ask(3)).toBe(ask(3));
  expect(ask(4).cost).toBeGreaterThan(ask(3).cost);
});

it.each(['constructor', 'toString', '__proto__'])(
  'a variable is not given because objects know its name, %s',
  (name) => {
    const named = parse(`query ($${name}: Int = 100) { rooms(first: $${name}) { nodes { id } } }`);
    const ask = (variables: Readonly<Record<string, unknown>>) => ({
      ...{ schema, document: named, operation: getOperationAST(named)!, variables },
    });
    const measure = createMeasure();
    measure(ask(JSON.parse(`{"${name}":"none"}`) as Record<string, unknown>));
    expect(measure(ask({}))).toEqual(sizeOf(ask({})));
  },
);

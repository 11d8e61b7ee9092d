/** Planned queries answer what graphql-js answers, to the byte, or leave it to graphql-js. */
import { buildSchema, execute, getOperationAST, parse, validate, type GraphQLSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../../src/graphql/context.ts';
import { createPlans, REST } from '../../../src/graphql/engine/answer-planned.ts';
import { MAX_FIELDS } from '../../../src/graphql/engine/plan.ts';

const SDL = `
  interface Node { id: ID! }
  enum Colour { RED GREEN }
  input Filter { colour: Colour = GREEN, deep: Filter, sizes: [Int!] }
  type Room implements Node { id: ID!, name: String, colour: Colour!, keeper: Person!, guests(first: Int = 2): [Person!]! }
  type Person implements Node { id: ID!, age: Int, rooms: [Room]!, self: Person!, broken: String, absent: String! }
  type Query {
    room(id: ID!): Room
    echo(filter: Filter, list: [String!], text: String = "nothing"): String
    node(id: ID!): Node
    nodes: [Node]!
    late: Room
    where: String
  }
  type Mutation { room: Room }
`;

const kim = { __typename: 'Person', id: 'kim', age: 7 };
const lee = { __typename: 'Person', id: 'lee', age: null };
const hall = { __typename: 'Room', id: 1, name: 'Hall', colour: 'RED', keeper: kim };

type Resolve = (source: never, args: never, context: never, info: never) => unknown;

function schemaWith(): GraphQLSchema {
  const schema = buildSchema(SDL);
  const resolvers: Readonly<Record<string, Readonly<Record<string, Resolve>>>> = {
    Query: {
      room: (_root, { id }: { id: string }) => (id === '1' ? hall : null),
      echo: (_root, args: object) => JSON.stringify(args),
      node: async (_root, { id }: { id: string }) => [kim, lee, hall].find((one) => String(one.id) === id) ?? null,
      nodes: () => [kim, Promise.resolve(hall), null, lee],
      late: async () => hall,
      where: (_root, _args, _context, info: { fieldName: string }) => info.fieldName,
    },
    Mutation: { room: () => hall },
    Room: { guests: async (_room, { first }: { first: number }) => [kim, lee].slice(0, first) },
    Person: {
      rooms: () => [hall, null],
      self: (person) => person,
      broken: () => {
        throw new Error('broken');
      },
      absent: async () => null,
    },
  };
  for (const [type, fields] of Object.entries(resolvers)) {
    const known = schema.getType(type);
    if (!known || !('getFields' in known)) throw new Error(type);
    for (const [name, resolve] of Object.entries(fields)) {
      Object.assign(known.getFields()[name]!, { resolve });
    }
  }
  return schema;
}

const schema = schemaWith();
const context = {} as Context;

async function both(source: string, variables: Record<string, unknown> = {}) {
  const document = parse(source);
  expect(validate(schema, document), source).toEqual([]);
  const answer = createPlans(schema);
  const planned = () => answer({ document, operation: getOperationAST(document)!, variables, context });
  const plain = await execute({ schema, document, variableValues: variables, contextValue: context });
  return { planned, plain };
}

describe('a query', () => {
  it.each<[string, string, Record<string, unknown>?]>([
    ['properties, and enums', '{ room(id: 1) { id name colour } }'],
    ['aliases and type names', '{ a: room(id: "1") { __typename b: id c: __typename } b: room(id: "2") { id } }'],
    ['fields that are asked for twice', '{ room(id: 1) { keeper { id } } room(id: 1) { name keeper { age id } } }'],
    ['lists with arguments', '{ room(id: 1) { guests { id } one: guests(first: 1) { id age rooms { id } } } }'],
    ['promises, in their order', '{ late { name keeper { id self { age } } guests { id } id } where: echo }'],
    [
      'interfaces',
      '{ nodes { __typename id ... on Person { age } ...R } node(id: "kim") { id } } fragment R on Room { name }',
    ],
    [
      'fragments in fragments',
      '{ ...Q } fragment Q on Query { ... { ...R } } fragment R on Query { room(id: 1) { ... on Node { id } } }',
    ],
    ['defaults', 'query ($f: Filter = {sizes: 3}, $t: String) { echo(filter: $f, text: $t) }'],
    ['variables', 'query ($c: Colour, $n: Int!) { echo(filter: {colour: $c, deep: {sizes: [$n]}}) }', { n: 5 }],
    [
      'variables that are null',
      'query ($f: Filter, $l: [String!]) { echo(filter: $f, list: $l) }',
      { f: null, l: 'one' },
    ],
  ])('with %s', async (_what, source, variables = {}) => {
    const { planned, plain } = await both(source, variables);
    expect(plain.errors).toBeUndefined();
    expect(JSON.stringify(await planned())).toBe(JSON.stringify(plain.data));
    expect(JSON.stringify(await planned()), 'again').toBe(JSON.stringify(plain.data));
  });
});

const wide = (depth: number): string =>
  `{ room(id: 1) { keeper { ...F0 } } }` +
  Array.from(
    { length: depth },
    (_, n) => `fragment F${n} on Person { a: self { ...F${n + 1} } b: self { ...F${n + 1} } }`,
  ).join(' ') +
  `fragment F${depth} on Person { id }`;

describe('graphql-js is left', () => {
  it.each<[string, string, Record<string, unknown>?]>([
    ['errors', '{ room(id: 1) { name keeper { broken } } }'],
    ['errors among promises', '{ late { guests { broken } } room(id: 1) { keeper { broken } } }'],
    ['nulls that must not be', '{ room(id: 1) { guests { absent } } }'],
    ['variables that do not fit', 'query ($n: Int!) { echo(filter: {sizes: [$n]}) }', { n: 'many' }],
    ['directives', 'query ($no: Boolean!) { room(id: 1) { id @skip(if: $no) name } }', { no: true }],
    ['names that objects have', '{ room(id: 1) { __proto__: name } }'],
    ['names that objects have, for a type', '{ room(id: 1) { __proto__: __typename } }'],
    ['the schema', '{ __schema { queryType { name } } }'],
    ['what looks at where it is', '{ where }'],
    ['mutations', 'mutation { room { id } }'],
    ['documents that come to more fields than they spell', wide(9)],
  ])('%s', async (_what, source, variables = {}) => {
    const { planned } = await both(source, variables);
    expect(await planned()).toBeNull();
  });

  it('what went wrong once, for a while', async () => {
    const document = parse(
      'query ($id: ID!) { node(id: $id) { ... on Person { broken: age } ... on Room { keeper { absent } } } }',
    );
    const answer = createPlans(schema);
    const ask = (id: string) => answer({ document, operation: getOperationAST(document)!, variables: { id }, context });
    expect(await ask('kim')).toEqual({ node: { broken: 7 } });
    expect(await ask('1')).toBeNull();
    for (let n = 0; n < REST; n += 1) expect(await ask('kim')).toBeNull();
    expect(await ask('kim')).toEqual({ node: { broken: 7 } });
  });
});

it('a plan has a bound', async () => {
  expect(await (await both(wide(6))).planned()).not.toBeNull();
  expect(2 ** 9).toBeGreaterThan(MAX_FIELDS);
});

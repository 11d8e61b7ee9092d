/** How large a request is: depth, and the fields it can lead to, whatever way it is written. */
import {
  buildSchema,
  extendSchema,
  getIntrospectionQuery,
  getNamedType,
  getNullableType,
  getOperationAST,
  isListType,
  isObjectType,
  parse,
  validate,
  type GraphQLField,
} from 'graphql';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  checkSize,
  checkWords,
  INTROSPECTION_LIST,
  isIntrospection,
  MAX_ALIASES,
  MAX_COST,
  MAX_DEPTH,
  MAX_REPEATS,
  MUTATION_COST,
  OWN_COSTS,
  SCHEMA_COST,
  sizeOf,
  type MeasuredRequest,
} from '../../../src/graphql/limits.ts';
import { evidenceEvent } from '../../../src/graphql/resolvers/evidence.ts';
import { powerLevels } from '../../../src/graphql/resolvers/power-levels.ts';

const schema = buildSchema(readFileSync(new URL('../../../schema.graphql', import.meta.url), 'utf8'));

function measured(source: string, variables: Record<string, unknown> = {}): MeasuredRequest {
  const document = parse(source);
  expect(validate(schema, document), source).toEqual([]);
  return { schema, document, operation: getOperationAST(document)!, variables };
}

const size = (source: string, variables?: Record<string, unknown>) => sizeOf(measured(source, variables));

const LEAF_LISTS: readonly string[] = [
  // Values, not objects: they come with the row that they stand in, and lead to nothing.
  ...['Knock.tags', 'ServiceToken.scopes', 'ServiceToken.roomIds'],
];

/** Fields that give more than one of something, but those that a page is made of. */
function lists(): readonly (readonly [string, GraphQLField<unknown, unknown>])[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (!isObjectType(type) || /^__|(Connection|Edge)$/.test(type.name)) return [];
    return Object.values(type.getFields()).flatMap((field) => {
      const gives = getNamedType(field.type).name.endsWith('Connection') || isListType(getNullableType(field.type));
      return gives ? [[`${type.name}.${field.name}`, field] as const] : [];
    });
  });
}

/** As how many entries a list counts, asked for with these arguments. */
function entriesOf(path: string, args = ''): number {
  const [type = '', name = ''] = path.split('.');
  const probing = extendSchema(schema, parse(`extend type Query { probe: ${type} }`));
  const cost = (inner: string): number => {
    const document = parse(`{ probe { ${name}${args} { ${inner} } } }`);
    return sizeOf({ schema: probing, document, operation: getOperationAST(document)!, variables: {} }).cost;
  };
  return cost('__typename __typename') - cost('__typename');
}

describe('a list', () => {
  const all = lists();
  const ofObjects = all.filter(([, { type }]) => isObjectType(getNamedType(type)));

  it.each(ofObjects.map(([path]) => path))('%s counts what is in it more than once', (path) => {
    expect(entriesOf(path)).toBeGreaterThan(1);
  });

  it('of values counts once, as few do', () => {
    const ofValues = all.filter((list) => !ofObjects.includes(list));
    expect(ofValues.map(([path]) => path).sort()).toEqual([...LEAF_LISTS].sort());
  });

  it('without a size counts as many as it gives then', async () => {
    const many = Array.from({ length: 500 }, (_, n) => ({ userId: `@user${n}:here`, level: 1 }));
    const given = await resolved(powerLevels.users, { users: many }, {});
    expect(given).toHaveLength(entriesOf('PowerLevels.users'));
    const creators = await resolved(powerLevels.creators, { creators: many.map(({ userId }) => userId) }, {});
    expect(creators).toHaveLength(entriesOf('PowerLevels.creators'));
    const signatures = many.map((_, n) => ({ server: `server${n}`, keyId: 'ed25519:1', isRequired: n > 400 }));
    const told = (await resolved(evidenceEvent.signatures, { signatures }, {})) as typeof signatures;
    expect(told).toHaveLength(entriesOf('EvidenceEvent.signatures'));
    expect(told.every(({ isRequired }) => isRequired)).toBe(true);
  });

  it('that reaches further back counts more days', () => {
    expect(entriesOf('RoomStats.outcomesByDay')).toBe(31);
    expect(entriesOf('RoomStats.outcomesByDay', '(since: null)')).toBe(31);
    expect(entriesOf('RoomStats.outcomesByDay', '(since: "2026-01-01T00:00:00Z")')).toBe(367);
    expect(entriesOf('RoomStats.outcomesByServer', '(since: "2026-01-01T00:00:00Z")')).toBe(20);
    expect(entriesOf('RoomStats.outcomesByServer', '(first: 100)')).toBe(100);
  });
});

/** What a resolver makes of an object: as the server calls it. */
async function resolved(resolver: unknown, parent: object, args: object): Promise<readonly unknown[]> {
  return (resolver as (parent: object, args: object) => Promise<readonly unknown[]>)(parent, args);
}

describe('the cost of a request', () => {
  it('counts the fields of a list as often as the page has entries', () => {
    expect(size('{ viewer { isAdmin } }')).toEqual({ depth: 2, cost: 2, aliases: 0 });
    expect(size('{ knocks(first: 3) { nodes { id } } }')).toEqual({ depth: 3, cost: 1 + 3 * 2, aliases: 0 });
    expect(size('{ knocks(last: 3) { nodes { id } } }').cost).toBe(7);
    expect(size('{ knocks { nodes { id } } }').cost).toBe(1 + 50 * 2);
    expect(size('{ rooms(first: 10) { nodes { knocks(first: 10) { nodes { id } } } } }').cost).toBe(
      1 + 10 * (1 + (1 + 10 * 2)),
    );
  });

  it('takes page sizes from variables and their defaults; what is out of range counts as the most', () => {
    const page = 'query ($n: Int) { knocks(first: $n) { nodes { id } } }';
    expect(size(page, { n: 7 }).cost).toBe(1 + 7 * 2);
    expect(size(page, {}).cost).toBe(1 + 50 * 2);
    expect(size(page, { n: null }).cost).toBe(1 + 50 * 2);
    const preset = 'query ($n: Int = 90) { knocks(first: $n) { nodes { id } } }';
    expect(size(preset, {}).cost).toBe(1 + 90 * 2);
    expect(size(preset, { n: 2 }).cost).toBe(1 + 2 * 2);
    expect(size(page, { n: 1_000_000 }).cost).toBe(1 + 100 * 2);
    expect(size(page, { n: -5 }).cost).toBe(1 + 1 * 2);
    expect(size('{ knocks(first: 0) { nodes { id } } }').cost).toBe(3);
  });

  it('is the same through fragments, aliases and inline fragments', () => {
    const plain = size('{ knocks(first: 3) { nodes { id status } } }');
    const fragments = `{ ...Q } fragment Q on Query { knocks(first: 3) { ...C } }
      fragment C on KnockConnection { nodes { ... on Knock { id ...S } } } fragment S on Knock { status }`;
    expect(size(fragments)).toEqual(plain);
    expect(
      size('{ a: knocks(first: 3) { nodes { id status } } b: knocks(first: 3) { nodes { id status } } }').cost,
    ).toBe(2 * plain.cost);
    const spread = '{ ...F ...F } fragment F on Query { viewer { isAdmin } }';
    expect(size(spread).cost).toBe(4);
  });

  it('of a thousandfold fragment is told at once', () => {
    const levels = Array.from({ length: 40 }, (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`);
    const bomb = `{ ...F0 } ${levels.join(' ')} fragment F40 on Query { viewer { isAdmin } }`;
    expect(size(bomb).cost).toBe(2 * 2 ** 40);
    expect(() => checkSize(measured(bomb))).toThrow('can lead to');
  });

  it('counts what is in lists without pages, too, as often as they can have entries', () => {
    const knock = (fields: string): string => `{ knock(id: "x") { ${fields} } }`;
    const evidence = OWN_COSTS['Knock.evidence']!;
    expect(size(knock('evidence { isValid }')).cost).toBe(1 + evidence + 1);
    expect(size(knock('evidence { events { isValid idMatches } }')).cost).toBe(1 + evidence + (1 + 100 * 2));
    expect(size(knock('notes { text at }')).cost).toBe(1 + 1 + 50 * 2);
    expect(size(knock('notes(last: 5) { text } seenBy(first: 2) { at }')).cost).toBe(1 + (1 + 5) + (1 + 2));
    expect(size('{ room(roomId: "x") { warnings { users { id } } } }').cost).toBe(1 + (1 + 2 * (1 + 100)));
    expect(size('{ room(roomId: "x") { powerLevels { creators { id } } } }').cost).toBe(1 + 1 + (1 + 100));
  });

  it('refuses evidence of evidence, and notes of those who noted, as it does pages of pages', () => {
    const again = 'evidence { events { transition { knock { evidence { events { isValid } } } } } }';
    expect(() => checkSize(measured(`{ knock(id: "x") { ${again} } }`))).toThrow('can lead to');
    const often = Array.from({ length: 90 }, (_, n) => `a${n}: evidence { isValid }`).join(' ');
    expect(() => checkSize(measured(`{ knocks(first: 100) { nodes { ${often} } } }`))).toThrow('can lead to');
    const notes = 'notes { user { knocks(first: 50) { nodes { notes { text } } } } }';
    expect(() => checkSize(measured(`{ knock(id: "x") { ${notes} } }`))).toThrow('can lead to');
    const creators = 'warnings { users { knocks(first: 100) { nodes { id } } } }';
    expect(() => checkSize(measured(`{ room(roomId: "x") { ${creators} } }`))).toThrow('can lead to');
    // What a desk asks for.
    const desk = 'id status reason user { userId } notes(last: 5) { text at user { userId } } seenBy(first: 5) { at }';
    expect(() => checkSize(measured(`{ knocks { nodes { ${desk} } } }`))).not.toThrow();
  });

  it('counts an act for what it writes, however it is spelt', () => {
    const act = 'leaveRoom(input: { roomId: "!a:b" }) { room { id } }';
    expect(size(`mutation { ${act} }`).cost).toBe(MUTATION_COST + 2);
    expect(size(`mutation { a: ${act} b: ${act} }`).cost).toBe(2 * (MUTATION_COST + 2));
    const hidden = `mutation { ...A ... on Mutation { c: ${act} } } fragment A on Mutation { a: ${act} b: ${act} }`;
    expect(size(hidden).cost).toBe(3 * (MUTATION_COST + 2));
    const many = Array.from({ length: 41 }, (_, n) => `a${n}: ${act}`).join(' ');
    expect(() => checkSize(measured(`mutation { ...M } fragment M on Mutation { ${many} }`))).toThrow('can lead to');
  });

  it('lets every tool read the schema, and not a hundred times at once', () => {
    expect(() =>
      checkSize(measured(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }))),
    ).not.toThrow();
    const once = '__schema { types { fields { args { type { name } } } } }';
    expect(size(`{ ${once} }`).cost).toBe(
      SCHEMA_COST + (1 + INTROSPECTION_LIST * (1 + INTROSPECTION_LIST * (1 + INTROSPECTION_LIST * 2))),
    );
    const often = Array.from({ length: 100 }, (_, n) => `a${n}: ${once}`).join(' ');
    expect(() => checkSize(measured(`{ ${often} }`))).toThrow('can lead to');
    const inside = Array.from({ length: 100 }, (_, n) => `a${n}: fields { args { type { name } } }`).join(' ');
    expect(() => checkSize(measured(`{ __type(name: "Room") { ${inside} } }`))).not.toThrow();
    expect(() => checkSize(measured(`{ __schema { types { ${inside} } } }`))).toThrow('can lead to');
  });
});

describe('the aliases of a request', () => {
  const aliased = (n: number): string => Array.from({ length: n }, (_, i) => `a${i}: isAdmin`).join(' ');

  it('are counted wherever they come from, and limited', () => {
    expect(size('{ a: viewer { b: isAdmin isAdmin } }').aliases).toBe(2);
    expect(size(`{ viewer { ...V } a: viewer { ...V } } fragment V on Viewer { ${aliased(3)} }`).aliases).toBe(7);
    expect(() => checkSize(measured(`{ viewer { ${aliased(MAX_ALIASES)} } }`))).not.toThrow();
    expect(() => checkSize(measured(`{ viewer { ${aliased(MAX_ALIASES + 1)} } }`))).toThrow('aliases');
    const doubled = `{ viewer { ...V } a: viewer { ...V } } fragment V on Viewer { ${aliased(60)} }`;
    expect(() => checkSize(measured(doubled))).toThrow('has 121 aliases; at most 100 are answered');
  });

  it('and all that is too much is told with what is not', () => {
    const told = (source: string, maxCost?: number) => {
      try {
        return checkSize(measured(source), maxCost);
      } catch (error) {
        return error;
      }
    };
    const page = '{ knocks(first: 100) { nodes { id } } }';
    expect(told(page)).toEqual({ depth: 3, cost: 201, aliases: 0 });
    expect(told(page, 200)).toMatchObject({
      ...{ errcode: 'M_TOO_LARGE', status: 400, message: expect.stringContaining('201 fields; at most 200') },
      extra: { depth: 3, maxDepth: 12, cost: 201, maxCost: 200, aliases: 0, maxAliases: 100 },
    });
  });
});

describe('the words of a document', () => {
  it('may be said often, and not without end', () => {
    const says = (n: number) => () => checkWords(`{ ${'id '.repeat(n)} }`);
    expect(says(MAX_REPEATS)).not.toThrow();
    expect(says(MAX_REPEATS + 1)).toThrow('The document says "id" more than 150 times.');
    expect(() => checkWords(getIntrospectionQuery({ inputValueDeprecation: true, oneOf: true }))).not.toThrow();
    expect(() => checkWords('{'.repeat(60_000))).not.toThrow();
  });
});

describe('the depth of a request', () => {
  const deep = (levels: number): string =>
    `{ viewer { user ${'{ knocks(first: 1) { nodes { user '.repeat(levels)} { id } ${'} } }'.repeat(levels)} } }`;

  it('is the longest way down', () => {
    expect(size('{ viewer { isAdmin user { id } } }').depth).toBe(3);
    expect(size(deep(2)).depth).toBe(3 + 2 * 3);
    expect(size(`{ ...A } fragment A on Query { viewer { ...B } } fragment B on Viewer { user { id } }`).depth).toBe(3);
  });

  it('is limited', () => {
    expect(size(deep(3)).depth).toBe(MAX_DEPTH);
    expect(() => checkSize(measured(deep(3)))).not.toThrow();
    expect(() => checkSize(measured(deep(4)))).toThrow('fields deep');
    expect(size(deep(3)).cost).toBeLessThan(MAX_COST);
  });
});

describe('asking for the schema alone', () => {
  it('is what needs no token; anything beside it does', () => {
    const alone = (source: string) => isIntrospection(measured(source).operation);
    expect(alone(getIntrospectionQuery())).toBe(true);
    expect(alone('{ __typename a: __schema { queryType { name } } __type(name: "Room") { name } }')).toBe(true);
    expect(alone('{ __typename viewer { isAdmin } }')).toBe(false);
    expect(alone('{ __typename: viewer { isAdmin } }'.replace('__typename:', 'typename:'))).toBe(false);
    expect(alone('{ ...F } fragment F on Query { viewer { isAdmin } }')).toBe(false);
    expect(alone('{ ... { viewer { isAdmin } } }')).toBe(false);
    expect(alone('mutation { __typename }')).toBe(false);
  });
});

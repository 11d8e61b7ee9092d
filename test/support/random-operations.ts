/** Random GraphQL operations that fit a schema: any field, any arguments of the right types, values from honest to hostile. */
import fc from 'fast-check';
import {
  getNamedType,
  getNullableType,
  GraphQLNonNull,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isObjectType,
  isInterfaceType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

/** Draws a value; the same draws again for the same run of a property. */
export type Draw = <T>(from: fc.Arbitrary<T>) => T;

/** Values to draw from, by what they stand for. */
export interface Pool {
  readonly ids: readonly string[];
  readonly roomIds: readonly string[];
  readonly userIds: readonly string[];
  readonly cursors: readonly string[];
}

export interface Operation {
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
}

const HOSTILE = [
  ...[
    '',
    ' ',
    '\u0000',
    "' or 1=1 --",
    '"; drop table knocks; --',
    '%',
    '\\',
    '__proto__',
    '{{7*7}}',
    '../../etc/passwd',
  ],
  ...[
    '@',
    '!',
    '#',
    '$',
    '@:',
    '!:',
    '@kim',
    '!room',
    '@\u0000:here',
    '!'.padEnd(300, 'x'),
    'é\u{1f6aa}\u202e',
    '-1',
    '1e9',
  ],
  ...['9007199254740993', 'null', 'x'.repeat(5_000)],
];

/** An operation with one field at its root. */
export function operationOf(
  schema: GraphQLSchema,
  kind: 'query' | 'mutation',
  name: string,
  pool: Pool,
  draw: Draw,
): Operation {
  const root = kind === 'query' ? schema.getQueryType()! : schema.getMutationType()!;
  const state = { schema, pool, draw, declared: [] as string[], variables: {} as Record<string, unknown>, fields: 0 };
  const selection = fieldText(state, root.getFields()[name]!, 0);
  const declared = state.declared.length === 0 ? '' : `(${state.declared.join(', ')})`;
  return { query: `${kind} ${declared} { ${selection} }`, variables: state.variables };
}

interface State {
  readonly schema: GraphQLSchema;
  readonly pool: Pool;
  readonly draw: Draw;
  readonly declared: string[];
  readonly variables: Record<string, unknown>;
  fields: number;
}

function fieldText(state: State, field: GraphQLField<unknown, unknown>, depth: number): string {
  const given = field.args.filter((arg) => isNonNullType(arg.type) || state.draw(fc.integer({ min: 0, max: 2 })) === 0);
  const args = given.map((arg) => {
    const name = `v${state.declared.length}`;
    state.declared.push(`$${name}: ${String(arg.type)}`);
    state.variables[name] = valueOf(state, arg.type, arg.name);
    return `${arg.name}: $${name}`;
  });
  const text = `f${(state.fields += 1)}: ${field.name}${args.length === 0 ? '' : `(${args.join(', ')})`}`;
  const type = getNamedType(field.type);
  return isObjectType(type) || isInterfaceType(type)
    ? `${text} { __typename ${selectionText(state, type, depth + 1)} }`
    : text;
}

function selectionText(state: State, type: GraphQLNamedType, depth: number): string {
  if (isInterfaceType(type)) {
    const possible = state.schema.getPossibleTypes(type);
    return possible
      .map((each) => `... on ${each.name} { __typename ${selectionText(state, each, depth + 1)} }`)
      .join(' ');
  }
  if (!isObjectType(type)) return '';
  const fields = Object.values(type.getFields());
  const leaf = (field: GraphQLField<unknown, unknown>) => !('getFields' in getNamedType(field.type));
  // Not deeper than is answered, and the deeper the narrower.
  const wanted = fields.filter((field) =>
    leaf(field) ? state.draw(fc.boolean()) : depth < 6 && state.draw(fc.nat({ max: depth + 1 })) === 0,
  );
  return wanted.map((field) => fieldText(state, field, depth)).join(' ');
}

function valueOf(state: State, type: GraphQLInputType, name: string): unknown {
  const { draw } = state;
  if (!isNonNullType(type) && draw(fc.nat({ max: 9 })) === 0) return null;
  const inner = getNullableType(type);
  if (isListType(inner)) {
    const length = draw(fc.constantFrom(0, 1, 2, 3, 101));
    return Array.from({ length }, () => valueOf(state, inner.ofType, name));
  }
  if (isEnumType(inner)) return draw(fc.constantFrom(...inner.getValues().map((value) => value.name)));
  if (isInputObjectType(inner)) {
    if (inner.isOneOf) {
      // Exactly one of them, and not null.
      const field = draw(fc.constantFrom(...Object.values(inner.getFields())));
      return { [field.name]: valueOf(state, new GraphQLNonNull(getNullableType(field.type)), field.name) };
    }
    const fields = Object.values(inner.getFields()).filter((field) => isNonNullType(field.type) || draw(fc.boolean()));
    return Object.fromEntries(fields.map((field) => [field.name, valueOf(state, field.type, field.name)]));
  }
  switch (String(inner)) {
    case 'Int':
      // Mostly small, so that what is asked for stays within the limits.
      return draw(fc.constantFrom(1, 2, 3, 1, 2, 3, 0, 100, 101, -1, 2_147_483_647));
    case 'Boolean':
      return draw(fc.boolean());
    case 'DateTime':
      return draw(fc.constantFrom('2026-01-31T12:00:00Z', '1970-01-01T00:00:00.000+14:00', '9999-12-31T23:59:59Z'));
    case 'ID':
      return draw(fc.constantFrom(...(draw(fc.nat({ max: 3 })) === 0 ? HOSTILE : state.pool.ids)));
    default:
      return textFor(state, name);
  }
}

function textFor({ pool, draw }: State, name: string): string {
  if (draw(fc.nat({ max: 5 })) === 0) return draw(fc.constantFrom(...HOSTILE));
  if (/room/i.test(name)) return draw(fc.constantFrom(...pool.roomIds));
  if (/user|actor|invite|by$/i.test(name)) return draw(fc.constantFrom(...pool.userIds));
  if (/position/i.test(name)) return draw(fc.constantFrom('0', '1', '12', '9007199254740991'));
  if (name === 'after' || name === 'before') return draw(fc.constantFrom(...pool.cursors));
  if (name === 'position') return draw(fc.integer({ min: 0, max: 60 }).map(String));
  if (name === 'time')
    return draw(fc.date({ min: new Date(0), noInvalidDate: true }).map((date) => date.toISOString()));
  if (name === 'version') return draw(fc.constantFrom('7', '8', '9', '10', '11', '12', '99'));
  if (name === 'via' || name === 'server') return draw(fc.constantFrom('localhost:8448', 'other.example', 'no server'));
  return draw(fc.string({ unit: 'grapheme', maxLength: 40 }));
}

/** The GraphQL schema as a page for people: every type with its fields, arguments and values, in the words of the schema. */
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isScalarType,
  isSpecifiedScalarType,
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';

interface Described {
  readonly description?: string | null | undefined;
}

/** Throws an Error that names the part of the schema that has no description. */
export function graphqlReference(schema: GraphQLSchema): string {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
    (type) => type !== null && type !== undefined,
  );
  const types = Object.values(schema.getTypeMap())
    .filter((type) => !type.name.startsWith('__') && !isSpecifiedScalarType(type))
    .filter((type) => !roots.some((root) => root === type))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return [...roots, ...types].map(sectionOf).join('\n\n');
}

function sectionOf(type: GraphQLNamedType): string {
  return [`### ${type.name}`, `${kindOf(type)} ${wordsOf(type.name, type)}`, tableOf(type)]
    .filter((part) => part !== '')
    .join('\n\n');
}

function kindOf(type: GraphQLNamedType): string {
  if (isEnumType(type)) return '_Enum._';
  if (isInputObjectType(type)) return '_Input._';
  if (isInterfaceType(type)) return '_Interface._';
  if (isScalarType(type)) return '_Scalar._';
  const interfaces = isObjectType(type) ? type.getInterfaces().map(({ name }) => `\`${name}\``) : [];
  return interfaces.length === 0 ? '_Type._' : `_Type, ${interfaces.join(' and ')}._`;
}

function tableOf(type: GraphQLNamedType): string {
  if (isEnumType(type)) {
    return table(
      ['Value', 'Meaning'],
      type.getValues().map((value) => [code(value.name), wordsOf(`${type.name}.${value.name}`, value)]),
    );
  }
  if (isInputObjectType(type)) {
    const fields = Object.values(type.getFields());
    return table(
      ['Field', 'Type', 'Meaning'],
      fields.map((field) => rowOf(type.name, field)),
    );
  }
  if (!isObjectType(type) && !isInterfaceType(type)) return '';
  const fields: GraphQLField<unknown, unknown>[] = Object.values(type.getFields());
  return table(
    ['Field', 'Type', 'Meaning'],
    fields.flatMap((field) => [
      rowOf(type.name, field),
      ...field.args.map((arg) => argumentOf(type.name, field.name, arg)),
    ]),
  );
}

function rowOf(type: string, field: Described & { readonly name: string; readonly type: unknown }): readonly string[] {
  return [code(field.name), code(String(field.type)), wordsOf(`${type}.${field.name}`, field)];
}

function argumentOf(type: string, field: string, arg: GraphQLArgument): readonly string[] {
  return [`↳ ${code(arg.name)}`, code(String(arg.type)), wordsOf(`${type}.${field}(${arg.name}:)`, arg)];
}

function wordsOf(path: string, { description }: Described): string {
  const words = description?.replaceAll(/\s+/g, ' ').trim() ?? '';
  if (words === '') throw new Error(`${path} has no description in schema.graphql.`);
  return words.replaceAll('|', '\\|');
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

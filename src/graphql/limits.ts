/** How much one request may ask for: its tokens, its depth, and the fields it can lead to with its page sizes. */
import {
  getNamedType,
  getNullableType,
  isInterfaceType,
  isIntrospectionType,
  isListType,
  isObjectType,
  Kind,
  OperationTypeNode,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  valueFromASTUntyped,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { MatrixError } from '../matrix/errors.ts';
import { DEFAULT_PAGE, MAX_PAGE } from './paging.ts';

export const MAX_BODY_BYTES = 64 * 1024;
export const MAX_TOKENS = 2_000;
/** How often one word may stand in a document. */
export const MAX_REPEATS = 150;
export const MAX_DEPTH = 12;
/** Fields, each counted as often as its lists can give it. */
export const MAX_COST = 20_000;
/** Fields under another name than their own. */
export const MAX_ALIASES = 100;
/** An act writes to the log. */
export const MUTATION_COST = 500;
/** What a list of the schema counts as: small enough for every tool's introspection, too much for a hundred of them. */
export const INTROSPECTION_LIST = 6;
/** The whole schema, each time: its lists are longer than they count. */
export const SCHEMA_COST = 500;

/** Knocks that are decided at once. */
export const MAX_DECISIONS = 500;

/** Fields that take more than a look at a row: checks of signatures, and all the knocks that ended in a room. */
export const OWN_COSTS: Readonly<Record<string, number>> = {
  'Knock.evidence': 100,
  'RoomStats.timeToDecision': 20,
  'RoomStats.outcomesByDay': 20,
  'RoomStats.outcomesByServer': 20,
};
/** Signatures of one event that are told: whoever signs may sign with any number of keys. */
export const MAX_SIGNATURES = 10;
/** How long lists can be that are no pages; others count as the longest page. */
const LISTS: Readonly<Record<string, number>> = {
  'DecideKnocksPayload.results': MAX_DECISIONS,
  'Room.warnings': 2,
  'RoomStats.outcomesByDay': 31,
  'EvidenceEvent.signatures': MAX_SIGNATURES,
  'Server.readers': 5,
};
/** How long they can be with an argument that makes them longer. */
const LONGER_LISTS: Readonly<Record<string, readonly [argument: string, entries: number]>> = {
  'RoomStats.outcomesByDay': ['since', 367],
};
/** How long lists are whose size is not said, where that is not a page. */
const UNSAID: Readonly<Record<string, number>> = {
  'PowerLevels.users': MAX_PAGE,
  'RoomStats.outcomesByServer': 20,
};

export interface RequestSize {
  readonly depth: number;
  readonly cost: number;
  readonly aliases: number;
}

export interface MeasuredRequest {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** How a size is told, in answers and in refusals: beside what it may be. */
export function toldSize(size: RequestSize, maxCost: number): Readonly<Record<string, number>> {
  return { ...size, maxCost, maxDepth: MAX_DEPTH, maxAliases: MAX_ALIASES };
}

/**
 * Throws M_TOO_LARGE, with the size, for a valid operation that goes too deep, can lead to too much or has too many
 * aliases.
 */
export function checkSize(request: MeasuredRequest, maxCost = MAX_COST, measure = sizeOf): RequestSize {
  const size = measure(request);
  const { depth, cost, aliases } = size;
  const refuse = (problem: string) =>
    new MatrixError('M_TOO_LARGE', problem, { ...toldSize(size, maxCost), status: 400 });
  if (depth > MAX_DEPTH) throw refuse(`The request is ${depth} fields deep; at most ${MAX_DEPTH} are answered.`);
  if (cost > maxCost) {
    throw refuse(`The request can lead to ${cost} fields; at most ${maxCost} are answered. Ask for smaller pages.`);
  }
  if (aliases > MAX_ALIASES) throw refuse(`The request has ${aliases} aliases; at most ${MAX_ALIASES} are answered.`);
  return size;
}

/**
 * Throws M_TOO_LARGE for a document that says one word very often: validating compares all fields of one name with each other.
 * Before it is parsed.
 */
export function checkWords(document: string): void {
  const times = new Map<string, number>();
  for (const [word] of document.matchAll(/[_A-Za-z]\w*/g)) {
    const known = (times.get(word) ?? 0) + 1;
    times.set(word, known);
    if (known > MAX_REPEATS) {
      const problem = `The document says ${JSON.stringify(word.slice(0, 64))} more than ${MAX_REPEATS} times.`;
      throw new MatrixError('M_TOO_LARGE', problem, { status: 400 });
    }
  }
}

/** Depth, cost and aliases of a validated operation. Introspection has no depth: its own rule of validation bounds that. */
export function sizeOf({ schema, document, operation, variables }: MeasuredRequest): RequestSize {
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  const defaults = (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)] as const] : [],
  );
  const given = { ...Object.fromEntries(defaults), ...variables };
  const measure: Measure = { schema, fragments, variables: given, known: new Map() };
  const root = schema.getRootType(operation.operation);
  return root ? sizeOfSelections(measure, root, operation.selectionSet) : NOTHING;
}

interface Measure {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Sizes of fragments: each is measured once, however often it is spread. */
  readonly known: Map<string, RequestSize>;
}

const NOTHING: RequestSize = { depth: 0, cost: 0, aliases: 0 };

function sizeOfSelections(measure: Measure, parent: GraphQLNamedType, { selections }: SelectionSetNode): RequestSize {
  const sizes = selections.map((selection): RequestSize => {
    switch (selection.kind) {
      case Kind.FIELD:
        return sizeOfField(measure, parent, selection);
      case Kind.INLINE_FRAGMENT: {
        const type = selection.typeCondition && measure.schema.getType(selection.typeCondition.name.value);
        return sizeOfSelections(measure, type ?? parent, selection.selectionSet);
      }
      case Kind.FRAGMENT_SPREAD:
        return sizeOfFragment(measure, selection.name.value);
      default:
        return selection satisfies never;
    }
  });
  return {
    depth: Math.max(0, ...sizes.map((size) => size.depth)),
    cost: sizes.reduce((sum, size) => sum + size.cost, 0),
    aliases: sizes.reduce((sum, size) => sum + size.aliases, 0),
  };
}

function sizeOfFragment(measure: Measure, name: string): RequestSize {
  const known = measure.known.get(name);
  if (known !== undefined) return known;
  const fragment = measure.fragments.get(name);
  const type = fragment && measure.schema.getType(fragment.typeCondition.name.value);
  const size = fragment && type ? sizeOfSelections(measure, type, fragment.selectionSet) : NOTHING;
  measure.known.set(name, size);
  return size;
}

function sizeOfField(measure: Measure, parent: GraphQLNamedType, node: FieldNode): RequestSize {
  const field = fieldOf(parent, node.name.value);
  const own = ownCost(measure, parent, field);
  const alias = node.alias === undefined ? 0 : 1;
  if (field === undefined || node.selectionSet === undefined) return { depth: 1, cost: own, aliases: alias };
  const type = getNamedType(field.type);
  const inner = sizeOfSelections(measure, type, node.selectionSet);
  const cost = own + pageSize(measure, parent, field, node) * inner.cost;
  return { depth: isIntrospectionType(type) ? 1 : 1 + inner.depth, cost, aliases: alias + inner.aliases };
}

function ownCost(
  { schema }: Measure,
  parent: GraphQLNamedType,
  field: GraphQLField<unknown, unknown> | undefined,
): number {
  if (field === SchemaMetaFieldDef) return SCHEMA_COST;
  if (parent === schema.getMutationType()) return MUTATION_COST;
  return OWN_COSTS[`${parent.name}.${field?.name}`] ?? 1;
}

function fieldOf(parent: GraphQLNamedType, name: string): GraphQLField<unknown, unknown> | undefined {
  if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}

/** How many entries a field can give: 1 where it is no list. */
function pageSize(
  { variables }: Measure,
  parent: GraphQLNamedType,
  field: GraphQLField<unknown, unknown>,
  node: FieldNode,
): number {
  if (isIntrospectionType(getNamedType(field.type))) {
    return isListType(getNullableType(field.type)) ? INTROSPECTION_LIST : 1;
  }
  const path = `${parent.name}.${field.name}`;
  const given = (...names: readonly string[]): readonly unknown[] =>
    (node.arguments ?? [])
      .filter(({ name }) => names.includes(name.value))
      .map(({ value }) => valueFromASTUntyped(value, variables));
  if (!field.args.some(({ name }) => name === 'first' || name === 'last')) {
    if (!isListOfObjects(field)) return 1;
    const [argument, entries] = LONGER_LISTS[path] ?? ['', 0];
    const isLonger = given(argument).some((value) => value !== null && value !== undefined);
    return isLonger ? entries : (LISTS[path] ?? MAX_PAGE);
  }
  const sizes = given('first', 'last').filter((size) => typeof size === 'number');
  // Sizes out of range are refused by the list itself.
  return Math.min(MAX_PAGE, Math.max(1, ...(sizes.length > 0 ? sizes : [UNSAID[path] ?? DEFAULT_PAGE])));
}

/** The entries of a page are counted by its connection. */
function isListOfObjects({ type, name }: GraphQLField<unknown, unknown>): boolean {
  const isList = isListType(getNullableType(type)) && isObjectType(getNamedType(type));
  return isList && name !== 'edges' && name !== 'nodes';
}

/** Whether an operation asks for the schema alone, which needs no token. */
export function isIntrospection({ operation, selectionSet }: OperationDefinitionNode): boolean {
  return (
    operation === OperationTypeNode.QUERY &&
    selectionSet.selections.every((node) => node.kind === Kind.FIELD && node.name.value.startsWith('__'))
  );
}

/** How much one request may ask for: its tokens, its depth, and the fields it can lead to with its page sizes. */
import {
  getNamedType,
  isInterfaceType,
  isObjectType,
  Kind,
  OperationTypeNode,
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
export const MAX_DEPTH = 12;
/** Fields, each counted as often as its lists can give it. */
export const MAX_COST = 20_000;
/** An act writes to the log. */
export const MUTATION_COST = 500;

export interface RequestSize {
  readonly depth: number;
  readonly cost: number;
}

export interface MeasuredRequest {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Throws M_TOO_LARGE for a valid operation that goes too deep or can lead to too much. */
export function checkSize(request: MeasuredRequest): void {
  const { depth, cost } = sizeOf(request);
  const refuse = (problem: string) => new MatrixError('M_TOO_LARGE', problem, { status: 400 });
  if (depth > MAX_DEPTH) throw refuse(`The request is ${depth} fields deep; at most ${MAX_DEPTH} are answered.`);
  if (cost > MAX_COST) {
    throw refuse(`The request can lead to ${cost} fields; at most ${MAX_COST} are answered. Ask for smaller pages.`);
  }
}

/** Depth and cost of a validated operation. Introspection does not count: its lists are short and its depth has its own limit. */
export function sizeOf({ schema, document, operation, variables }: MeasuredRequest): RequestSize {
  const fragments = new Map(
    document.definitions.flatMap((node) =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] as const] : [],
    ),
  );
  const measure: Measure = { schema, fragments, variables, known: new Map() };
  const root = schema.getRootType(operation.operation);
  const acts = operation.operation === OperationTypeNode.MUTATION ? operation.selectionSet.selections.length : 0;
  const size = root ? sizeOfSelections(measure, root, operation.selectionSet) : NOTHING;
  return { depth: size.depth, cost: size.cost + acts * MUTATION_COST };
}

interface Measure {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Sizes of fragments: each is measured once, however often it is spread. */
  readonly known: Map<string, RequestSize>;
}

const NOTHING: RequestSize = { depth: 0, cost: 0 };

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
  if (node.name.value.startsWith('__')) return { depth: 1, cost: 1 };
  const fields = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields() : {};
  const field = fields[node.name.value];
  if (field === undefined || node.selectionSet === undefined) return { depth: 1, cost: 1 };
  const inner = sizeOfSelections(measure, getNamedType(field.type), node.selectionSet);
  return { depth: 1 + inner.depth, cost: 1 + pageSize(measure, field, node) * inner.cost };
}

/** How many entries a field can give: 1 where it is no list. */
function pageSize({ variables }: Measure, field: GraphQLField<unknown, unknown>, node: FieldNode): number {
  if (!field.args.some(({ name }) => name === 'first')) return 1;
  const sizes = (node.arguments ?? [])
    .filter(({ name }) => name.value === 'first' || name.value === 'last')
    .map(({ value }) => valueFromASTUntyped(value, variables))
    .filter((size) => typeof size === 'number');
  // Sizes out of range are refused by the list itself.
  return Math.min(MAX_PAGE, Math.max(1, ...(sizes.length > 0 ? sizes : [DEFAULT_PAGE])));
}

/** Whether an operation asks for the schema alone, which needs no token. */
export function isIntrospection({ operation, selectionSet }: OperationDefinitionNode): boolean {
  return (
    operation === OperationTypeNode.QUERY &&
    selectionSet.selections.every((node) => node.kind === Kind.FIELD && node.name.value.startsWith('__'))
  );
}

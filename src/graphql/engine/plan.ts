/**
 * What an operation comes to, worked out once for all requests that bring it: which resolver gives each field, and what makes
 * its value an answer. A plan knows how everything goes well, as graphql-js has it, and nothing of errors: whatever is out of
 * the ordinary throws.
 */
import {
  getArgumentValues,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  TypeNameMetaFieldDef,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type OperationDefinitionNode,
} from 'graphql';
import type { Context } from '../context.ts';
import { collectFields, type Collected, type Spelled } from './collect-fields.ts';
import { abandon, isPromise, whenSettled, type Settling } from './settling.ts';

/** One request. */
export interface Run {
  readonly context: Context;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Of fields that take some: the same for each entry of a list. */
  readonly args: Map<PlannedField, object>;
}

/** Makes a resolved value an answer, or a promise of one. Throws, or the promise is rejected. */
export type Complete = (value: unknown, run: Run) => unknown;

export interface PlannedField {
  /** In the answer. */
  readonly name: string;
  /** What the resolver gives, or a promise of it. */
  readonly read: (source: unknown, run: Run) => unknown;
  readonly complete: Complete;
}

/** Of what a plan is made; it grows with the plan. */
export interface Draft extends Spelled {
  fields: number;
}

/** A plan has no more fields: small documents can spell very many. */
export const MAX_FIELDS = 500;

const NO_ARGS = Object.freeze({});

/** Of an operation without directives. Its parts are planned when a value first gets there. */
export function planOperation(draft: Draft, operation: OperationDefinitionNode): Complete {
  const root = draft.schema.getRootType(operation.operation);
  if (!root) throw new Error('an operation without a type');
  return asObject(draft, root, () => collectFields(draft, root, [operation.selectionSet]));
}

function planField(draft: Draft, parent: GraphQLObjectType, name: string, nodes: readonly FieldNode[]): PlannedField {
  draft.fields += 1;
  if (draft.fields > MAX_FIELDS) throw new Error('too many fields');
  // A name that objects know already.
  if (name === '__proto__') throw new Error('out of the ordinary');
  const node = nodes[0]!;
  const called = node.name.value;
  if (called === TypeNameMetaFieldDef.name) return { name, read: () => parent.name, complete: (value) => value };
  const field = parent.getFields()[called];
  // The schema asked for itself.
  if (field === undefined) throw new Error('out of the ordinary');
  const complete = completing(draft, field.type, nodes);
  const { resolve } = field;
  if (resolve === undefined) return { name, read: (source) => propertyOf(source, called), complete };
  // It wants to know where it is.
  if (resolve.length > 3) throw new Error('out of the ordinary');
  const act = resolve as unknown as (source: unknown, args: object, context: Context) => unknown;
  if (field.args.length === 0) return { name, read: (source, { context }) => act(source, NO_ARGS, context), complete };
  const planned: PlannedField = {
    name,
    read: (source, run) => act(source, argsOf(planned, field, node, run), run.context),
    complete,
  };
  return planned;
}

function argsOf(planned: PlannedField, field: GraphQLField<unknown, unknown>, node: FieldNode, run: Run): object {
  const known = run.args.get(planned);
  if (known !== undefined) return known;
  const args = getArgumentValues(field, node, run.variables);
  run.args.set(planned, args);
  return args;
}

function propertyOf(source: unknown, name: string): unknown {
  const value: unknown = typeof source === 'object' && source !== null ? Reflect.get(source, name) : undefined;
  if (typeof value === 'function') throw new Error('out of the ordinary');
  return value;
}

function completing(draft: Draft, type: GraphQLOutputType, nodes: readonly FieldNode[]): Complete {
  if (isNonNullType(type) && isLeafType(type.ofType)) return asLeaf(type.ofType);
  if (isNonNullType(type)) return notNull(completing(draft, type.ofType, nodes));
  if (isLeafType(type)) return orNull(asLeaf(type));
  if (isListType(type)) return orNull(asList(completing(draft, type.ofType, nodes)));
  if (isObjectType(type)) return orNull(asObject(draft, type, () => subfields(draft, type, nodes)));
  if (isAbstractType(type)) return orNull(asOneOf(draft, type, nodes));
  return type satisfies never;
}

function subfields(draft: Draft, type: GraphQLObjectType, nodes: readonly FieldNode[]): Collected {
  const sets = nodes.map(({ selectionSet }) => selectionSet).filter((set) => set !== undefined);
  return collectFields(draft, type, sets);
}

function orNull(complete: Complete): Complete {
  return (value, run) => {
    if (value === null || value === undefined) return null;
    if (value instanceof Error) throw value;
    return complete(value, run);
  };
}

/** What most of an answer is made of. */
function asLeaf(type: GraphQLLeafType): Complete {
  return (value) => {
    if (value instanceof Error) throw value;
    return given(type.serialize(given(value)));
  };
}

function notNull(complete: Complete): Complete {
  return (value, run) => {
    const completed = complete(value, run);
    return isPromise(completed) ? completed.then(given) : given(completed);
  };
}

function given(value: unknown): unknown {
  if (value === null || value === undefined) throw new Error('null where there must be something');
  return value;
}

function asList(complete: Complete): Complete {
  return (value, run) => {
    if (!Array.isArray(value)) throw new Error('out of the ordinary');
    const list: readonly unknown[] = value;
    const completed: unknown[] = [];
    let settling: Settling = null;
    try {
      for (let n = 0; n < list.length; n += 1) {
        const entry = list[n];
        const value = isPromise(entry) ? entry.then((come) => complete(come, run)) : complete(entry, run);
        completed.push(value);
        if (isPromise(value)) (settling ??= []).push(value.then((come) => (completed[n] = come)));
      }
    } catch (error) {
      abandon(settling);
      throw error;
    }
    return whenSettled(settling, completed);
  };
}

function asObject(draft: Draft, type: GraphQLObjectType, collect: () => Collected): Complete {
  if (type.isTypeOf) throw new Error('out of the ordinary');
  let fields: readonly PlannedField[] | null = null;
  return (source, run) => {
    fields ??= [...collect()].map(([name, nodes]) => planField(draft, type, name, nodes));
    const completed: Record<string, unknown> = {};
    let settling: Settling = null;
    try {
      for (const { name, read, complete } of fields) {
        const found = read(source, run);
        const value = isPromise(found) ? found.then((come) => complete(come, run)) : complete(found, run);
        completed[name] = value;
        if (isPromise(value)) (settling ??= []).push(value.then((come) => (completed[name] = come)));
      }
    } catch (error) {
      abandon(settling);
      throw error;
    }
    return whenSettled(settling, completed);
  };
}

/** Its values say themselves which type they are of. */
function asOneOf(draft: Draft, type: GraphQLAbstractType, nodes: readonly FieldNode[]): Complete {
  if (type.resolveType) throw new Error('out of the ordinary');
  const known = new Map<unknown, Complete>();
  const planned = (name: unknown): Complete => {
    const found = typeof name === 'string' ? draft.schema.getType(name) : undefined;
    if (!isObjectType(found) || !draft.schema.isSubType(type, found)) throw new Error('out of the ordinary');
    const complete = asObject(draft, found, () => subfields(draft, found, nodes));
    known.set(name, complete);
    return complete;
  };
  return (value, run) => {
    const name = propertyOf(value, '__typename');
    return (known.get(name) ?? planned(name))(value, run);
  };
}

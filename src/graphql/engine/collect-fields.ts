/** The fields that selections come to in an object of a type: "Collecting Fields" of the specification, without directives. */
import {
  isAbstractType,
  Kind,
  typeFromAST,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLSchema,
  type NamedTypeNode,
  type SelectionSetNode,
} from 'graphql';

export interface Spelled {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** By their names in the answer, in its order; those of one name are one field, spelled more than once. */
export type Collected = ReadonlyMap<string, readonly FieldNode[]>;

export function collectFields(
  { schema, fragments }: Spelled,
  type: GraphQLObjectType,
  sets: readonly SelectionSetNode[],
): Collected {
  const collected = new Map<string, FieldNode[]>();
  const spread = new Set<string>();
  const fits = (condition: NamedTypeNode | undefined): boolean => {
    const named = condition && typeFromAST(schema, condition);
    return named === undefined || named === type || (isAbstractType(named) && schema.isSubType(named, type));
  };
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      switch (selection.kind) {
        case Kind.FIELD: {
          const name = selection.alias?.value ?? selection.name.value;
          const known = collected.get(name);
          if (known === undefined) collected.set(name, [selection]);
          else known.push(selection);
          break;
        }
        case Kind.INLINE_FRAGMENT:
          if (fits(selection.typeCondition)) collect(selection.selectionSet);
          break;
        case Kind.FRAGMENT_SPREAD: {
          const fragment = fragments.get(selection.name.value);
          if (fragment === undefined || spread.has(fragment.name.value)) break;
          spread.add(fragment.name.value);
          if (fits(fragment.typeCondition)) collect(fragment.selectionSet);
          break;
        }
        default:
          selection satisfies never;
      }
    }
  };
  sets.forEach(collect);
  return collected;
}

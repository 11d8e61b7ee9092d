/** Sizes of operations that come again and again, measured once for each way in which they can come. */
import type { OperationDefinitionNode } from 'graphql';
import { sizeOf, type MeasuredRequest, type RequestSize } from './limits.ts';

/** Of one operation. */
const MAX_KEPT = 20;

/** As sizeOf(); what it finds is kept as long as the parsed document is. */
export function createMeasure(): (request: MeasuredRequest) => RequestSize {
  const known = new WeakMap<OperationDefinitionNode, Map<string, RequestSize>>();
  return (request) => {
    const { operation, variables } = request;
    const sizes = known.get(operation) ?? new Map<string, RequestSize>();
    known.set(operation, sizes);
    const way = wayOf(operation, variables);
    const size = sizes.get(way) ?? sizeOf(request);
    if (sizes.size < MAX_KEPT) sizes.set(way, size);
    return size;
  };
}

/** What a size hangs on: of variables that are numbers, which one, for they can be page sizes; of others whether they are given. */
function wayOf(
  { variableDefinitions = [] }: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
): string {
  let way = '';
  for (const { variable } of variableDefinitions) {
    const name = variable.name.value;
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    way += typeof value === 'number' || value === undefined || value === null ? `${value},` : 'given,';
  }
  return way;
}

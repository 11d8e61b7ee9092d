// The auth events of events, and theirs, and so on.
import { authOf, indexOf, positionOf, type AuthGraph } from './auth-graph.ts';

/**
 * The positions of everything that these events, given by position, lead to by their auth events; one of themselves only
 * if another leads to it. Ascending. One look at each event of the graph, newest first. Throws RangeError for a position
 * that is not in the graph.
 */
export function authChain(graph: AuthGraph, positions: Iterable<number>): readonly number[] {
  const [GIVEN, REACHED] = [1, 2];
  const marks = new Uint8Array(graph.count);
  for (const position of positions) marks[indexOf(graph, position)] = GIVEN;
  const chain: number[] = [];
  for (let index = graph.count - 1; index >= 0; index -= 1) {
    if (marks[index] === 0) continue;
    if ((marks[index]! & REACHED) !== 0) chain.push(positionOf(graph, index));
    for (const target of authOf(graph, index)) marks[target]! |= REACHED;
  }
  return chain.reverse();
}

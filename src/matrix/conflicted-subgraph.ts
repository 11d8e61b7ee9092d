// State resolution 2.1: the events on the ways between conflicted events.
import { authOf, type AuthGraph } from './auth-graph.ts';

const REACHED = 1;
const REACHES = 2;

/**
 * Every event on a path of auth events from one conflicted event to another, both ends included, by index, ascending.
 * All of them lie between the oldest and the newest conflicted event, so two passes over that window find them.
 * https://spec.matrix.org/latest/rooms/v12/#definitions
 */
export function conflictedSubgraph(graph: AuthGraph, conflicted: readonly number[]): readonly number[] {
  if (conflicted.length === 0) return [];
  const [oldest, newest] = bounds(conflicted);
  const marks = new Uint8Array(newest - oldest + 1);
  // A conflicted event is the end of a path by itself, reached and reaching; one that leads nowhere is conflicted anyway.
  for (const index of conflicted) marks[index - oldest] = REACHED | REACHES;
  for (let index = newest; index > oldest; index -= 1) {
    if ((marks[index - oldest]! & REACHED) === 0) continue;
    for (const target of authOf(graph, index)) if (target >= oldest) marks[target - oldest]! |= REACHED;
  }
  const subgraph: number[] = [];
  for (let index = oldest; index <= newest; index += 1) {
    const mark = marks[index - oldest]!;
    if ((mark & REACHED) === 0) continue;
    if ((mark & REACHES) === 0 && !authOf(graph, index).some((target) => reaches(marks, target - oldest))) continue;
    marks[index - oldest] = REACHED | REACHES;
    subgraph.push(index);
  }
  return subgraph;
}

function reaches(marks: Uint8Array, at: number): boolean {
  return at >= 0 && (marks[at]! & REACHES) !== 0;
}

function bounds(indexes: readonly number[]): readonly [oldest: number, newest: number] {
  let oldest = indexes[0]!;
  let newest = oldest;
  for (const index of indexes) {
    if (index < oldest) oldest = index;
    if (index > newest) newest = index;
  }
  return [oldest, newest];
}

// The order in which power events are replayed: after what entitles them, and the mightier sender first.
import { authOf, type AuthGraph } from './auth-graph.ts';
import { makeHeap } from './heap.ts';

/**
 * Reverse topological power ordering of the chosen events and of what they cite, and so on, within `full`; all by index.
 * `isBefore` decides between two events of which neither leads to the other.
 *
 * The specification enlarges the choice by all of the auth chains that is in `full`. We follow citations only from event
 * to event of `full`, as the servers in use do: where the two differ, agreeing with them is what keeps a room in one piece.
 * https://spec.matrix.org/latest/rooms/v12/#definitions
 */
export function powerOrder(
  graph: AuthGraph,
  chosen: readonly number[],
  full: ReadonlySet<number>,
  isBefore: (a: number, b: number) => boolean,
): readonly number[] {
  const citers = new Map<number, number[]>();
  const waitsFor = new Map<number, number>();
  const waiting = [...chosen];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (waitsFor.has(index)) continue;
    const cited = new Set(authOf(graph, index).filter((target) => full.has(target)));
    waitsFor.set(index, cited.size);
    for (const target of cited) {
      waiting.push(target);
      const known = citers.get(target);
      if (known === undefined) citers.set(target, [index]);
      else known.push(index);
    }
  }
  // Kahn's algorithm: of all events that wait for none, the first.
  const ready = makeHeap(isBefore);
  for (const [index, count] of waitsFor) if (count === 0) ready.push(index);
  const order: number[] = [];
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    order.push(index);
    for (const citer of citers.get(index) ?? []) {
      const left = waitsFor.get(citer)! - 1;
      waitsFor.set(citer, left);
      if (left === 0) ready.push(citer);
    }
  }
  return order;
}

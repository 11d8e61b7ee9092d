// The order of power events: a topological one, and of these the one that always takes the first event that is ready.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { powerOrder } from '../../../src/matrix/power-order.ts';
import { citations, graphOf, type Citations } from '../../support/auth-graphs.ts';

interface Choice {
  readonly events: Citations;
  readonly full: readonly number[];
  readonly chosen: readonly number[];
  /** By index, what comes first where citations do not decide; no two are equal. */
  readonly rank: readonly number[];
}

const choice: fc.Arbitrary<Choice> = citations(30, 3).chain((events) => {
  const indexes = events.map((_, index) => index);
  return fc
    .tuple(
      fc.subarray(indexes),
      fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }),
      fc.shuffledSubarray(indexes, { minLength: events.length }),
    )
    .map(([full, picks, rank]) => ({ events, full, chosen: full.filter((_, at) => picks[at]), rank }));
});

/** The chosen and what they cite from event to event of the full set; then always the first of those that wait for none. */
function bySearch({ events, full, chosen, rank }: Choice): number[] {
  const all = new Set(chosen);
  for (const index of all) for (const cited of events[index]!) if (full.includes(cited)) all.add(cited);
  const order: number[] = [];
  while (order.length < all.size) {
    const ready = [...all].filter(
      (index) => !order.includes(index) && events[index]!.every((cited) => !all.has(cited) || order.includes(cited)),
    );
    order.push(ready.sort((a, b) => rank[a]! - rank[b]!)[0]!);
  }
  return order;
}

describe('the power order', () => {
  test('is the lexicographically smallest topological order, whatever order the events come in', () => {
    fc.assert(
      fc.property(choice, (next) => {
        const { events, full, chosen, rank } = next;
        const graph = graphOf(events);
        const isBefore = (a: number, b: number): boolean => rank[a]! < rank[b]!;
        const order = powerOrder(graph, chosen, new Set(full), isBefore);
        expect(order).toEqual(bySearch(next));
        expect(powerOrder(graph, chosen.toReversed(), new Set(full.toReversed()), isBefore)).toEqual(order);
      }),
      { numRuns: 500 },
    );
  });
});

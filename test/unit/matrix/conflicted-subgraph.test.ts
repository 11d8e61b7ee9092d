// The conflicted subgraph against every path that leads from one conflicted event to another.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conflictedSubgraph } from '../../../src/matrix/conflicted-subgraph.ts';
import { ascending, citations, graphOf, type Citations } from '../../support/auth-graphs.ts';

/** All paths downward from an event, each as the events on it. */
function* pathsFrom(events: Citations, path: readonly number[]): Generator<readonly number[]> {
  yield path;
  for (const cited of events[path.at(-1)!]!) yield* pathsFrom(events, [...path, cited]);
}

function byDefinition(events: Citations, conflicted: readonly number[]): number[] {
  const on = new Set<number>();
  for (const start of conflicted) {
    for (const path of pathsFrom(events, [start])) {
      if (conflicted.includes(path.at(-1)!)) for (const index of path) on.add(index);
    }
  }
  return ascending(on);
}

describe('the conflicted subgraph', () => {
  test('is every event on a path between conflicted events, the ends included', () => {
    const room = citations(14, 3).chain((events) =>
      fc.tuple(fc.constant(events), fc.uniqueArray(fc.nat(events.length - 1), { maxLength: 5 })),
    );
    fc.assert(
      fc.property(room, ([events, conflicted]) => {
        expect(conflictedSubgraph(graphOf(events), conflicted)).toEqual(byDefinition(events, conflicted));
      }),
      { numRuns: 1_000 },
    );
  });

  test('walks a chain of 100,000 events without running out of stack', () => {
    const events = Array.from({ length: 100_000 }, (_, index) => (index === 0 ? [] : [index - 1]));
    expect(conflictedSubgraph(graphOf(events), [events.length - 1, 5])).toHaveLength(events.length - 5);
  });
});

// The auth difference against its definition: the union of all chains without their intersection.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { authDifference } from '../../../src/matrix/auth-difference.ts';
import { indexOf, type AuthGraph } from '../../../src/matrix/auth-graph.ts';
import { ascending, chainOf, citations, graphOf, positionAt, type Citations } from '../../support/auth-graphs.ts';

/** States as sets of events: what all of them have, and what each has beside. */
interface Split {
  readonly events: Citations;
  readonly unconflicted: readonly number[];
  readonly conflicted: readonly (readonly number[])[];
}

const split = (size: number, states: number): fc.Arbitrary<Split> =>
  citations(size, 4).chain((events) => {
    const index = fc.nat(events.length - 1);
    const some = fc.uniqueArray(index, { maxLength: 6 });
    return fc.tuple(some, fc.array(some, { minLength: 2, maxLength: states })).map(([unconflicted, conflicted]) => ({
      events,
      unconflicted: unconflicted.filter((one) => !conflicted.flat().includes(one)),
      conflicted,
    }));
  });

function byDefinition({ events, unconflicted, conflicted }: Split): number[] {
  const chains = conflicted.map((own) => chainOf(events, [...unconflicted, ...own]));
  return ascending(events.keys()).filter((index) => {
    const holders = chains.filter((chain) => chain.has(index)).length;
    return holders > 0 && holders < chains.length;
  });
}

function differenceOf({ events, unconflicted, conflicted }: Split, graph: AuthGraph = graphOf(events)): number[] {
  const shared = new Set(unconflicted.map(positionAt));
  return ascending(authDifference(graph, conflicted, (position) => shared.has(position)));
}

/** Without the conflicted events themselves, which are replayed in any case. */
const beside = (found: readonly number[], { conflicted }: Split): number[] =>
  found.filter((index) => !conflicted.flat().includes(index));

describe('the auth difference', () => {
  test('is what some but not all chains hold, of two to five states', () => {
    fc.assert(
      fc.property(split(60, 5), (states) => {
        expect(beside(differenceOf(states), states)).toEqual(beside(byDefinition(states), states));
      }),
      { numRuns: 1_000 },
    );
  });

  test('is so for more states than a word has bits', () => {
    fc.assert(
      fc.property(split(40, 70), (states) => {
        expect(beside(differenceOf(states), states)).toEqual(beside(byDefinition(states), states));
      }),
      { numRuns: 200 },
    );
    for (const count of [31, 32, 33, 64, 65]) {
      const events = [[], [0], ...Array.from({ length: count }, () => [1])];
      const conflicted = Array.from({ length: count }, (_, at) => [at + 2]);
      expect(
        beside(differenceOf({ events, unconflicted: [], conflicted }), { events, unconflicted: [], conflicted }),
      ).toEqual([]);
      const one = [...conflicted.slice(1), []];
      expect(differenceOf({ events, unconflicted: [], conflicted: one })).toEqual(ascending([0, 1, ...one.flat()]));
    }
  });

  test('does not depend on the order of states or of their events', () => {
    fc.assert(
      fc.property(split(60, 4), (states) => {
        const turned = { ...states, conflicted: states.conflicted.map((own) => own.toReversed()).toReversed() };
        expect(differenceOf(turned)).toEqual(differenceOf(states));
      }),
    );
  });

  test('finds that an event is shared however far up, and when the steps run out looks at all events', () => {
    // Each of many conflicted events cites an old event of its own; far above most of these stands an unconflicted one.
    const [width, height] = [60, 900];
    const events: number[][] = [[]];
    const conflicted: number[][] = [[], []];
    const unconflicted: number[] = [];
    for (let column = 0; column < width; column += 1) {
      events.push([0]);
      const foot = events.length - 1;
      for (let step = 0; step < height; step += 1) events.push([step === 0 ? foot : events.length - 1]);
      if (column % 3 !== 0) unconflicted.push(events.length - 1);
      events.push([foot]);
      conflicted[column % 2]!.push(events.length - 1);
    }
    const states = { events, unconflicted, conflicted };
    expect(beside(differenceOf(states), states)).toEqual(beside(byDefinition(states), states));
    expect(beside(differenceOf(states), states)).toHaveLength(width / 3);
  });

  test('walks a chain of 200,000 events without running out of stack', () => {
    const events = Array.from({ length: 200_000 }, (_, index) => (index === 0 ? [] : [index - 1]));
    const states = { events, unconflicted: [], conflicted: [[events.length - 1], []] };
    expect(differenceOf(states)).toHaveLength(events.length);
  });

  test('asks about few events when the newest tell already', () => {
    // A room of 10,000 members, each citing the create event; the fork is about two of them.
    const events = Array.from({ length: 10_000 }, (_, index) => (index === 0 ? [] : [0]));
    events.push([0, 1], [0, 2]);
    const graph = graphOf(events);
    let asked = 0;
    const difference = authDifference(graph, [[10_000], [10_001]], (position) => {
      asked += 1;
      return indexOf(graph, position) > 2 && indexOf(graph, position) < 10_000;
    });
    expect(ascending(difference)).toEqual([1, 2, 10_000, 10_001]);
    expect(asked).toBeLessThan(10);
  });
});

// The room's auth graph: found again by position, walked down and up, growing.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addToAuthGraph,
  authOf,
  buildAuthGraph,
  citersOf,
  indexOf,
  ownerOf,
  positionOf,
  powerLevelsOf,
  type AuthGraph,
} from '../../../src/matrix/auth-graph.ts';
import { citations, graphOf, positionAt, type Citations } from '../../support/auth-graphs.ts';

/** Who cites an event, from the newest on, by walking the list of edges. */
function walkCiters(graph: AuthGraph, index: number): number[] {
  const { newest, older } = citersOf(graph);
  const found: number[] = [];
  for (let edge = newest[index]!; edge !== -1; edge = older[edge]!) found.push(ownerOf(graph, edge));
  return found;
}

function expectGraph(graph: AuthGraph, events: Citations): void {
  expect(graph.count).toBe(events.length);
  for (const [index, cited] of events.entries()) {
    expect(indexOf(graph, positionAt(index))).toBe(index);
    expect(positionOf(graph, index)).toBe(positionAt(index));
    expect([...authOf(graph, index)]).toEqual(cited);
    const citers = events.flatMap((others, citer) => (others.includes(index) ? [citer] : []));
    expect(walkCiters(graph, index)).toEqual(citers.reverse());
  }
}

describe('an auth graph', () => {
  test('holds every event with what it cites and who cites it', () => {
    fc.assert(fc.property(citations(400, 5), (events) => expectGraph(graphOf(events), events)));
  });

  test('grows, also when the way up has been asked for already', () => {
    fc.assert(
      fc.property(citations(400, 5), fc.nat(400), (events, already) => {
        const graph = graphOf(events.slice(0, already));
        citersOf(graph);
        for (const [at, cited] of events.slice(already).entries()) {
          addToAuthGraph(graph, {
            position: positionAt(already + at),
            auth: cited.map(positionAt),
            isPowerLevels: false,
          });
        }
        expectGraph(graph, events);
      }),
    );
  });

  test('survives a journey to another thread', () => {
    const events = [[], [0], [0, 1], [1]];
    expectGraph(structuredClone(graphOf(events)), events);
  });

  test('names the power levels that an event cites', () => {
    const graph = graphOf([[], [0], [0, 1], [0, 2, 1], [0]], (index) => index === 2);
    expect([0, 1, 2, 3, 4].map((index) => powerLevelsOf(graph, index))).toEqual([-1, -1, -1, 2, -1]);
  });

  test('refuses positions that do not grow, and events that it does not know', () => {
    const row = (position: number, auth: readonly number[] = []) => ({ position, auth, isPowerLevels: false });
    expect(() => buildAuthGraph([row(2), row(2)])).toThrow('Position 2 comes after 2');
    expect(() => buildAuthGraph([row(2), row(1)])).toThrow(RangeError);
    expect(() => buildAuthGraph([row(2), row(3, [1])])).toThrow('no event at position 1');
    const graph = buildAuthGraph([row(2)]);
    expect(() => addToAuthGraph(graph, row(3, [3]))).toThrow(RangeError);
    expect(() => indexOf(graph, 3)).toThrow(RangeError);
    expect([graph.count, graph.edges]).toEqual([1, 0]);
  });
});

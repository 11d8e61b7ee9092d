// Auth graphs of events that are nothing but what they cite, and chains walked the slow and obvious way.
import * as fc from 'fast-check';
import { buildAuthGraph, type AuthGraph } from '../../src/matrix/auth-graph.ts';

/** By index, the indexes of what an event cites. */
export type Citations = readonly (readonly number[])[];

/** Graphs of up to `size` events, each citing up to `width` older ones: mostly recent ones, or hubs among the first few. */
export function citations(size: number, width: number): fc.Arbitrary<Citations> {
  const event = fc.array(fc.tuple(fc.nat(1_000), fc.constantFrom('recent', 'hub', 'any')), { maxLength: width });
  return fc.array(event, { minLength: 1, maxLength: size }).map((events) =>
    events.map((cited, index) => [
      ...new Set(
        cited.flatMap(([number, kind]) => {
          if (index === 0) return [];
          if (kind === 'recent') return [index - 1 - (number % Math.min(index, 3))];
          return [number % (kind === 'hub' ? Math.min(index, 3) : index)];
        }),
      ),
    ]),
  );
}

/** Positions with gaps between them, as a server has them. */
export const positionAt = (index: number): number => 100 + 7 * index;

export function graphOf(events: Citations, isPowerLevels: (index: number) => boolean = () => false): AuthGraph {
  return buildAuthGraph(
    events.map((cited, index) => ({
      position: positionAt(index),
      auth: cited.map(positionAt),
      isPowerLevels: isPowerLevels(index),
    })),
  );
}

/** The events and everything they reach. */
export function chainOf(events: Citations, from: Iterable<number>): ReadonlySet<number> {
  const chain = new Set<number>();
  const waiting = [...from];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    if (chain.has(index)) continue;
    chain.add(index);
    waiting.push(...events[index]!);
  }
  return chain;
}

export const ascending = (indexes: Iterable<number>): number[] => [...indexes].sort((a, b) => a - b);

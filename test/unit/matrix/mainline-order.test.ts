// Mainline positions against two lists compared as the specification compares them.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mainlinePositions } from '../../../src/matrix/mainline-order.ts';
import { citations, graphOf, type Citations } from '../../support/auth-graphs.ts';

/** Power levels cite one of their kind at most, as everything does; here the odd events are power levels. */
const isPowerLevels = (index: number): boolean => index % 2 === 1;

function withOnePredecessor(events: Citations): Citations {
  return events.map((cited) => cited.filter((one, at) => !isPowerLevels(one) || cited.findIndex(isPowerLevels) === at));
}

function chainOfLevels(events: Citations, index: number): number[] {
  const next = events[index]!.find(isPowerLevels);
  return next === undefined ? [] : [next, ...chainOfLevels(events, next)];
}

function byDefinition(events: Citations, resolved: number, index: number): number {
  const mainline = resolved === -1 ? [] : [resolved, ...chainOfLevels(events, resolved)];
  const met = chainOfLevels(events, index).find((one) => mainline.includes(one));
  return met === undefined ? Infinity : mainline.indexOf(met);
}

describe('mainline positions', () => {
  test('say where the own chain of power levels first meets that of the resolved ones', () => {
    fc.assert(
      fc.property(citations(40, 4).map(withOnePredecessor), fc.nat(19), (events, half) => {
        const levels = 2 * half + 1;
        const resolved = levels < events.length ? levels : -1;
        const position = mainlinePositions(graphOf(events, isPowerLevels), resolved);
        const found = events.map((_, index) => position(index));
        expect(found).toEqual(events.map((_, index) => byDefinition(events, resolved, index)));
      }),
      { numRuns: 500 },
    );
  });

  test('do not count an event itself, also if it is of the mainline', () => {
    // 1, 3, 5 are power levels in a row; 4 goes by 3.
    const position = mainlinePositions(graphOf([[], [0], [0], [1], [3], [3]], isPowerLevels), 5);
    expect([0, 1, 3, 4, 5].map(position)).toEqual([Infinity, Infinity, 2, 1, 1]);
  });

  test('are found at once for 20,000 events on a branch of 20,000 power levels', () => {
    const levels = 20_000;
    const branch = Array.from({ length: 2 * levels }, (_, index) =>
      index < 2 ? [] : [index - (isPowerLevels(index) ? 2 : 1)],
    );
    const position = mainlinePositions(graphOf(branch, isPowerLevels), 1);
    expect(branch.map((_, index) => position(index)).filter((at) => at === 0)).toHaveLength(2 * levels - 2);
  });
});

// Rooms that fork, resolved by us and by Synapse's own state resolution; and whether the comparison would notice.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { races } from '../../support/races.ts';
import { ALL_VERSIONS } from '../../support/rooms.ts';
import { SEED } from '../generated-cases.ts';
import { mutated } from '../mutants.ts';
import { startOracle, type OracleProcess } from '../oracle-process.ts';
import { differenceOf, hasConflict, loadResolver, POWER_EVENTS, powerEventsIn, type Recording } from './comparison.ts';
import { RESOLUTION_MUTATIONS } from './mutations.ts';
import { recordAll, smallestDifference } from './recordings.ts';
import type { Resolver } from '../../support/forked-room.ts';

const python = inject('synapsePython');
const ROWS = [...new Set(races('12').map(({ row }) => row))];

describe.skipIf(python === null)('Synapse and we resolve the forks of generated rooms alike', () => {
  let oracle: OracleProcess;
  /** Rooms with a conflict: the others prove nothing. */
  let recordings: readonly Recording[];
  let all: number;
  const firstDifference = (resolver?: Resolver): string | null => {
    for (const { story, synapse } of recordings) {
      const difference = differenceOf(story, synapse, resolver);
      if (difference !== null) return difference;
    }
    return null;
  };
  /** In how many rooms each row was run and each kind of power event was in conflict. */
  const counts = new Map<string, number>();

  beforeAll(async () => {
    oracle = startOracle(python!, 'resolution/oracle.py');
    const told = await recordAll(oracle);
    all = told.length;
    recordings = told.filter(({ story }) => hasConflict(story));
    for (const name of [...ROWS, ...POWER_EVENTS]) counts.set(name, 0);
    for (const { story } of recordings) {
      for (const name of [...(story.row === null ? [] : [story.row]), ...powerEventsIn(story)]) {
        counts.set(name, counts.get(name)! + 1);
      }
    }
    process.stdout.write(`\n${report().join('\n')}\n\n`);
  });
  afterAll(() => oracle.stop());

  const report = (): readonly string[] => [
    `REFEREE_SEED=${SEED}`,
    line(all, 'rooms that fork'),
    line(recordings.length, 'of these with a conflict'),
    line(
      total(({ story }) => story.merges.length),
      'merges in them',
    ),
    line(
      total(({ story }) => Number(story.merges.some((states) => states.length === 5))),
      'rooms with five tips',
    ),
    line(
      total(({ story }) => Number(story.rejected.size > 0)),
      'rooms with events rejected elsewhere',
    ),
    ...[...counts].map(([name, number]) => line(number, name)),
  ];
  const total = (of: (one: Recording) => number): number => recordings.reduce((sum, one) => sum + of(one), 0);

  test('in every merge, of all versions', async () => {
    if (firstDifference() !== null) expect.fail(await smallestDifference(oracle));
    expect(new Set(recordings.map(({ version }) => version))).toEqual(new Set(ALL_VERSIONS));
  });

  test('most of which are about something', () => {
    expect(all).toBeGreaterThanOrEqual(2_000);
    expect(recordings.length / all).toBeGreaterThan(0.6);
  });

  test.each([...ROWS, ...POWER_EVENTS])('of which a hundred or more are about: %s', (name) => {
    expect(counts.get(name)).toBeGreaterThanOrEqual(100);
  });

  test('also by an unbroken copy of our functions', async () => {
    expect(firstDifference(await mutated(null, loadResolver))).toBeNull();
  });

  test.each(RESOLUTION_MUTATIONS)('which shows when $name', async (mutation) => {
    expect(firstDifference(await mutated(mutation, loadResolver)), `REFEREE_SEED=${SEED}`).not.toBeNull();
  });
});

function line(number: number, words: string): string {
  return `${String(number).padStart(6)}  ${words}`;
}

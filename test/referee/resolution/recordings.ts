// Draws stories from a seed, has Synapse resolve them, and makes one that went wrong as small as it can be.
import * as fc from 'fast-check';
import type { RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { ALL_VERSIONS } from '../../support/rooms.ts';
import { SEED } from '../generated-cases.ts';
import type { OracleProcess } from '../oracle-process.ts';
import { askSynapse, differenceOf, type Recording } from './comparison.ts';
import { plan, tell } from './stories.ts';

/** Rooms of each version but 12; REFEREE_ROOMS to look at more. */
const ROOMS = Number(process.env['REFEREE_ROOMS'] ?? 320);

/** Stories of all versions in turn, so that what is wrong in one of them shows early. */
export async function recordAll(oracle: OracleProcess): Promise<readonly Recording[]> {
  const drawn = ALL_VERSIONS.map((version) => ({ version, plans: fc.sample(plan(version), parameters(version)) }));
  const recordings: Promise<Recording>[] = [];
  for (let round = 0; round < ROOMS; round += 1) {
    for (const { version, plans } of drawn) {
      for (let at = round; at < plans.length; at += ROOMS) {
        const story = tell(version, plans[at]!);
        recordings.push(askSynapse(oracle, story).then((synapse) => ({ version, story, synapse })));
      }
    }
    // While Synapse resolves these, the next are told.
    await new Promise(setImmediate);
  }
  return Promise.all(recordings);
}

/** A report of the smallest story on which we and Synapse differ, after a run has shown that we do. */
export async function smallestDifference(oracle: OracleProcess): Promise<string> {
  for (const version of ALL_VERSIONS) {
    const agree = fc.asyncProperty(plan(version), async (one) => {
      const story = tell(version, one);
      const difference = differenceOf(story, await askSynapse(oracle, story));
      if (difference !== null) throw new Error(difference);
    });
    const outcome = await fc.check(agree, parameters(version));
    if (outcome.failed) return `REFEREE_SEED=${SEED}, version ${version}: ${fc.defaultReportMessage(outcome)}`;
  }
  return `REFEREE_SEED=${SEED}: seen in a run, not when it was run again.`;
}

/** Each version draws its own stories; version 12, which has an algorithm to itself, three times as many. */
function parameters(version: RoomVersionId): { readonly seed: number; readonly numRuns: number } {
  return { seed: SEED + Number(version), numRuns: version === '12' ? 3 * ROOMS : ROOMS };
}

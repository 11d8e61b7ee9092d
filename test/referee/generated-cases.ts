// Draws the cases of a rule from a seed, and makes a case that went wrong as small as it can be.
import * as fc from 'fast-check';
import type { RoomVersionId } from '../../src/matrix/room-versions.ts';
import { ALL_VERSIONS } from '../support/rooms.ts';
import type { Case } from './cases.ts';
import { firstNews } from './comparison.ts';
import type { Rules } from './our-judgement.ts';
import type { Referee } from './referee.ts';
import type { Rule } from './rules/room.ts';

const CASES_A_VERSION = 400;

/** Chosen anew in every run, or by REFEREE_SEED to see a run again. */
export const SEED = Number(process.env['REFEREE_SEED'] ?? Date.now() % 1_000_000_000);

/** The cases of a rule in all its room versions. */
export function generatedCases(rule: Rule): readonly Case[] {
  return ALL_VERSIONS.flatMap((version) => fc.sample(rule.cases(version), parameters(version)));
}

/** A report of the smallest case of the rule on which the judges differ, after a run has shown that they do. */
export async function smallestDifference(rule: Rule, rules: Rules, referee: Referee): Promise<string> {
  for (const version of ALL_VERSIONS) {
    const agree = fc.asyncProperty(rule.cases(version), async (next) => {
      const difference = firstNews(rules, [next], await referee.judge([next]));
      if (difference !== null) throw new Error(`We: ${difference.ours}. Synapse: ${difference.synapse}.`);
    });
    const outcome = await fc.check(agree, parameters(version));
    if (outcome.failed) return `REFEREE_SEED=${SEED}, version ${version}: ${fc.defaultReportMessage(outcome)}`;
  }
  return `REFEREE_SEED=${SEED}: seen among many cases, not alone.`;
}

/** Each version draws its own cases. */
function parameters(version: RoomVersionId): { readonly seed: number; readonly numRuns: number } {
  return { seed: SEED + Number(version), numRuns: CASES_A_VERSION };
}

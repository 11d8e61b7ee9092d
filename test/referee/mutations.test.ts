// Does the comparison notice? Each mutation breaks one rule in a copy of ours, and the cases of that rule turn red.
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ALL_VERSIONS } from '../support/rooms.ts';
import type { Case } from './cases.ts';
import { firstNews } from './comparison.ts';
import { generatedCases, SEED } from './generated-cases.ts';
import { membershipCases } from './membership-cases.ts';
import { MATRIX, mutatedRules } from './mutants.ts';
import { MUTATIONS } from './mutations/all.ts';
import { MEMBERSHIP_TABLE } from './mutations/mutation.ts';
import { startReferee, type Answer } from './referee.ts';
import { RULES } from './rules/all.ts';

const python = inject('synapsePython');

/** The cases by which a rule is judged, with what Synapse said to them: asked once, held against every mutant. */
interface Recording {
  readonly cases: readonly Case[];
  readonly answers: readonly Answer[];
}

describe.skipIf(python === null)('the comparison', () => {
  const recordings = new Map<string, Recording>();
  const recordingOf = (name: string): Recording => {
    const recording = recordings.get(name);
    if (recording === undefined) throw new Error(`No cases are about "${name}".`);
    return recording;
  };
  beforeAll(async () => {
    const referee = startReferee(python!);
    const membership = ALL_VERSIONS.flatMap(membershipCases);
    recordings.set(MEMBERSHIP_TABLE, { cases: membership, answers: await referee.judge(membership) });
    for (const rule of RULES) {
      const cases = generatedCases(rule);
      recordings.set(rule.name, { cases, answers: await referee.judge(cases) });
    }
    await referee.stop();
  });
  afterAll(() => recordings.clear());

  test('finds nothing in an unbroken copy of our rules', async () => {
    const rules = await mutatedRules(null);
    for (const [name, { cases, answers }] of recordings) {
      expect(firstNews(rules, cases, answers), `${name}, REFEREE_SEED=${SEED}`).toBeNull();
    }
  });

  test.each(MUTATIONS)('notices by $noticedBy when $name', async (mutation) => {
    const { cases, answers } = recordingOf(mutation.noticedBy);
    expect(firstNews(await mutatedRules(mutation), cases, answers), `REFEREE_SEED=${SEED}`).not.toBeNull();
  });

  test('is tried by many mutations, no two the same: of every file that judges events, and noticed by every rule', () => {
    expect(new Set(MUTATIONS.map(({ file, find, replace }) => [file, find, replace].join('\0'))).size).toBe(
      MUTATIONS.length,
    );
    expect(MUTATIONS.length).toBeGreaterThanOrEqual(20);
    const files = readdirSync(MATRIX).filter((file) => file.startsWith('event-auth'));
    expect([...new Set(MUTATIONS.map(({ file }) => file))]).toEqual(expect.arrayContaining(files));
    expect(new Set(MUTATIONS.map(({ noticedBy }) => noticedBy))).toEqual(new Set(recordings.keys()));
  });

  test('refuses a mutation whose text is not there any more', async () => {
    const stale = { file: 'event-auth.ts', find: 'a text that never stood there', replace: '' };
    await expect(mutatedRules(stale)).rejects.toThrow('stands 0 times');
  });
});

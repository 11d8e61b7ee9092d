// All combinations of the membership table, judged by our rules and by Synapse's.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { ALL_VERSIONS } from '../support/rooms.ts';
import { compare } from './comparison.ts';
import { membershipCases } from './membership-cases.ts';
import { loadRules, type Rules } from './our-judgement.ts';
import { startReferee, type Referee } from './referee.ts';

const python = inject('synapsePython');

describe.skipIf(python === null)('the membership table', () => {
  let referee: Referee;
  let rules: Rules;
  beforeAll(async () => {
    referee = startReferee(python!);
    rules = await loadRules(new URL('../../src/matrix/', import.meta.url));
  });
  afterAll(() => referee.stop());

  test.each(ALL_VERSIONS)('is the same as Synapse’s in version %s, in all 9,408 cases', async (version) => {
    const cases = membershipCases(version);
    expect(cases).toHaveLength(56_448 / ALL_VERSIONS.length);
    const { news, known, allowed, denied } = compare(rules, cases, await referee.judge(cases));
    expect(news.slice(0, 5)).toEqual([]);
    expect(known.size).toBe(0);
    expect(Math.min(allowed, denied)).toBeGreaterThan(1_000);
  });
});

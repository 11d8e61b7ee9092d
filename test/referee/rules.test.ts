// Every rule but the membership table: cases drawn at random, judged by our rules and by Synapse's.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { compare } from './comparison.ts';
import { KNOWN_DIFFERENCES } from './differences.ts';
import { generatedCases, SEED, smallestDifference } from './generated-cases.ts';
import { loadRules, type Rules } from './our-judgement.ts';
import { startReferee, type Referee } from './referee.ts';
import { RULES } from './rules/all.ts';

const python = inject('synapsePython');

describe.skipIf(python === null)('Synapse and we say the same to generated events', () => {
  let referee: Referee;
  let rules: Rules;
  const report = [`REFEREE_SEED=${SEED}`, 'cases  allowed  denied  rule'];
  const met = new Map<string, number>();
  beforeAll(async () => {
    referee = startReferee(python!);
    rules = await loadRules(new URL('../../src/matrix/', import.meta.url));
  });
  afterAll(async () => {
    await referee.stop();
    const known = [...met].map(([name, count]) => `${String(count).padStart(5)}  ${name}`);
    process.stdout.write(`\n${[...report, 'Differences on purpose:', ...known].join('\n')}\n\n`);
  });

  test.each(RULES)('about $name', async (rule) => {
    const cases = generatedCases(rule);
    const { allowed, denied, known, news } = compare(rules, cases, await referee.judge(cases));
    report.push(`${pad(cases.length, 5)}  ${pad(allowed, 7)}  ${pad(denied, 6)}  ${rule.name}`);
    for (const [name, count] of known) met.set(name, (met.get(name) ?? 0) + count);
    if (news.length > 0) expect.fail(await smallestDifference(rule, rules, referee));
    expect(Math.min(allowed, denied), `${allowed} allowed, ${denied} denied`).toBeGreaterThanOrEqual(100);
  });

  test.each(KNOWN_DIFFERENCES)('but for $name: $why', ({ name }) => {
    expect(met.get(name) ?? 0).toBeGreaterThan(0);
  });
});

function pad(count: number, width: number): string {
  return String(count).padStart(width);
}

// Holds our judgement against the referee's: where the two differ, and how often the referee said what.
import type { StateKey } from '../../src/matrix/auth-events.ts';
import { ROOM_VERSIONS } from '../../src/matrix/room-versions.ts';
import type { Case } from './cases.ts';
import { knownDifference, type Difference } from './differences.ts';
import { judge, type Rules } from './our-judgement.ts';
import type { Answer } from './referee.ts';

export interface Comparison {
  /** How many of the cases the referee allowed and denied. */
  readonly allowed: number;
  readonly denied: number;
  /** How often each difference that we know of was met, by its name. */
  readonly known: ReadonlyMap<string, number>;
  readonly news: readonly Difference[];
}

/** Judges every case by our rules and holds them against the referee's answers. */
export function compare(rules: Rules, cases: readonly Case[], answers: readonly Answer[]): Comparison {
  const known = new Map<string, number>();
  const news: Difference[] = [];
  for (const difference of differences(rules, cases, answers)) {
    const name = knownDifference(difference)?.name;
    if (name === undefined) news.push(difference);
    else known.set(name, (known.get(name) ?? 0) + 1);
  }
  const allowed = answers.filter((answer) => answer.allowed).length;
  return { allowed, denied: answers.length - allowed, known, news };
}

/** The first difference that we do not know of; null when there is none. */
export function firstNews(rules: Rules, cases: readonly Case[], answers: readonly Answer[]): Difference | null {
  for (const difference of differences(rules, cases, answers)) {
    if (knownDifference(difference) === null) return difference;
  }
  return null;
}

function* differences(rules: Rules, cases: readonly Case[], answers: readonly Answer[]): Generator<Difference> {
  for (const [at, next] of cases.entries()) {
    const difference = differenceOf(rules, next, answers[at]!);
    if (difference !== null) yield difference;
  }
}

function differenceOf(rules: Rules, next: Case, answer: Answer): Difference | null {
  const rejection = judge(rules, next);
  const ours = rejection === null ? 'allowed' : rejection.rule;
  const synapse = answer.allowed ? 'allowed' : answer.reason;
  if ((rejection === null) !== answer.allowed) return { ours, synapse, case: next };
  // Also when both say the same: it must be said by the same state.
  const read = keysText(rules.stateKeysForAuth(next.event, ROOM_VERSIONS[next.version]));
  if (answer.keys === null || read === keysText(answer.keys)) return null;
  return { ours: `${ours} by ${read}`, synapse: `${synapse} by ${keysText(answer.keys)}`, case: next };
}

function keysText(keys: readonly StateKey[]): string {
  return keys
    .map((key) => key.join(' '))
    .sort()
    .join(', ');
}

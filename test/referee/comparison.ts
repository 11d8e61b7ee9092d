// Compares two judges: where they differ, and how often each said what.
import type { StateKey } from '../../src/matrix/auth-events.ts';
import { ROOM_VERSIONS } from '../../src/matrix/room-versions.ts';
import type { Case } from './cases.ts';
import { judge, type Rules } from './our-judgement.ts';
import type { Answer } from './referee.ts';

export interface Comparison {
  readonly cases: number;
  readonly allowed: number;
  readonly denied: number;
  readonly differences: readonly Difference[];
}

export interface Difference {
  readonly ours: string;
  readonly synapse: string;
  readonly case: Case;
}

/** Judges every case by our rules and holds them against the referee's answers. */
export function compare(rules: Rules, cases: readonly Case[], answers: readonly Answer[]): Comparison {
  const differences = cases.flatMap((next, at) => differenceOf(rules, next, answers[at]!) ?? []);
  const allowed = answers.filter((answer) => answer.allowed).length;
  return { cases: cases.length, allowed, denied: cases.length - allowed, differences };
}

/** How our judgement of the case differs from the referee's; null when it does not. */
export function differenceOf(rules: Rules, next: Case, answer: Answer): Difference | null {
  const rejection = judge(rules, next);
  const ours = rejection === null ? 'allowed' : rejection.rule;
  const synapse = answer.allowed ? 'allowed' : answer.reason;
  if ((rejection === null) !== answer.allowed) return { ours, synapse, case: next };
  const read = keysText(rules.stateKeysForAuth(next.event, ROOM_VERSIONS[next.version]));
  if (answer.keys === null || read === keysText(answer.keys)) return null;
  return { ours: `${ours} by ${read}`, synapse: `${synapse} by ${keysText(answer.keys)}`, case: next };
}

function keysText(keys: readonly StateKey[]): string {
  return keys
    .map((key) => key.join(' '))
    .toSorted()
    .join(', ');
}

/** Which of the protocol's numbered cases (PROTOCOL §8) the tests name, and why some of them are not tested here. */
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../', import.meta.url);

/** All of them. */
export const CASES: readonly number[] = numbers(1, 60);

/** What happens between servers alone. */
export const ELSEWHERE: ReadonlyMap<number, string> = new Map([
  [9, 'the answer to send_knock'],
  [10, 'a knock that is relayed to a third server'],
  [11, 'a knock that was sent to another server'],
  [23, 'an invite that its inviter revokes from another server'],
  [24, 'an invite that comes from another server'],
  [28, 'the last member of another server'],
  [39, 'an invite that comes from another server, with its create event'],
]);

/** Of which the tests hold the half that happens on one server, and what the other half is. */
export const HALVES: ReadonlyMap<number, string> = new Map([
  [16, 'an inviter of another server'],
  [17, 'a knock on a room of another server, reachable or not'],
  [22, 'declining an invite of another server'],
  [36, 'an event from elsewhere that cites the create event'],
  [60, 'a crash between what another server answered to a knock and what is stored'],
]);

function numbers(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

/** Numbers at the beginning of the names of tests, and of their groups, with the files that have them. */
export function casesNamed(source: string): readonly number[] {
  const names = source.matchAll(
    /\b(?:it|test|describe)\b(?:\.(?!(?:skip|todo)\b)\w+)*(?:\((?:[^()]|\([^()]*\))*\))?\(\s*['"`](\d+): \S/g,
  );
  return [...new Set([...names].map(([, number]) => Number(number)))];
}

/** It holds samples of names, which claim nothing. */
const OWN_TEST = 'protocol-cases.test.ts';

/** Every test file's cases. */
export function casesOfTests(): ReadonlyMap<string, readonly number[]> {
  const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.test.ts') && !name.endsWith(OWN_TEST),
  );
  return new Map(files.map((name) => [name, casesNamed(readFileSync(new URL(name, FOLDER), 'utf8'))]));
}

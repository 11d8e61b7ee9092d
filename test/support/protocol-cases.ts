/** Which of the protocol's numbered cases (PROTOCOL §8) the tests name. */
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../', import.meta.url);

/** All of them. */
export const CASES: readonly number[] = numbers(1, 60);

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

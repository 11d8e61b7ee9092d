/** What `.ci/run` counts: nothing that did not pass may look as if it had. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const COUNT = fileURLToPath(new URL('../../.ci/count-tests.mjs', import.meta.url));

let checkout: string;

beforeEach(() => {
  checkout = realpathSync(mkdtempSync(join(tmpdir(), 'vestibule-count-')));
  mkdirSync(join(checkout, 'test/unit'), { recursive: true });
});

afterEach(() => rmSync(checkout, { recursive: true }));

/** A file of the report, as Vitest writes it, and the test file itself. */
function file(name: string, status: string, ...tests: readonly string[]): object {
  const path = join(checkout, 'test/unit', name);
  writeFileSync(path, '');
  return { name: path, status, assertionResults: tests.map((each) => ({ status: each })) };
}

function count(...testResults: readonly object[]): string {
  writeFileSync(join(checkout, 'report.json'), JSON.stringify({ testResults }));
  return spawnSync(process.execPath, [COUNT, 'report.json'], { cwd: checkout, encoding: 'utf8' }).stdout;
}

it('tests that passed and tests that failed are counted over all files', () => {
  expect(count(file('a.test.ts', 'passed', 'passed', 'passed'))).toBe('2 0\n');
  expect(count(file('a.test.ts', 'failed', 'passed', 'failed'), file('b.test.ts', 'passed', 'passed'))).toBe('2 1\n');
});

it('a test that was left out has failed', () => {
  expect(count(file('a.test.ts', 'passed', 'passed', 'skipped', 'todo'))).toBe('1 2\n');
});

it('a file that could not be loaded, or whose hooks broke, is a failure', () => {
  expect(count(file('a.test.ts', 'failed'))).toBe('0 1\n');
  expect(count(file('a.test.ts', 'failed', 'passed', 'passed'))).toBe('2 1\n');
});

it('a file that did not run is a failure', () => {
  file('forgotten.test.ts', 'passed');
  expect(count(file('a.test.ts', 'passed', 'passed'))).toBe('1 1\n');
});

it('a file that runs in two projects counts twice', () => {
  expect(count(file('a.test.ts', 'passed', 'passed'), file('a.test.ts', 'passed', 'passed'))).toBe('2 0\n');
});

it('no report is a failure', () => {
  const { stdout } = spawnSync(process.execPath, [COUNT, 'nowhere.json'], { cwd: checkout, encoding: 'utf8' });
  expect(stdout).toBe('0 1\n');
});

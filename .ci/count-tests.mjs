/**
 * Counts a test run from Vitest's JSON report: `count-tests.mjs REPORT` prints "PASSED FAILED". Whatever did not pass has
 * failed: tests that were left out, files that could not be loaded, hooks that broke, kinds of test that did not run.
 */
import { globSync, readFileSync } from 'node:fs';
import { basename, relative, sep } from 'node:path';

const kindOf = (file) => file.split(sep)[1];

/** Counts a parsed report; `expected` are the test files that should have run, below the working directory. */
function count(report, expected) {
  let [passed, failed] = [0, 0];
  const ran = new Map();
  for (const { name, status, assertionResults } of report.testResults) {
    const good = assertionResults.filter((test) => test.status === 'passed').length;
    const bad = assertionResults.length - good;
    passed += good;
    failed += bad + (bad === 0 && status !== 'passed' ? 1 : 0);
    const file = relative(process.cwd(), name);
    ran.set(file, (ran.get(file) ?? 0) + good);
  }
  failed += expected.filter((file) => !ran.has(file)).length;
  for (const kind of new Set(expected.map(kindOf))) {
    const files = [...ran].filter(([file]) => kindOf(file) === kind);
    const tests = files.reduce((sum, [, good]) => sum + good, 0);
    process.stderr.write(`${kind}: ${tests} tests passed in ${files.length} files\n`);
  }
  return { passed, failed };
}

const [path = ''] = process.argv.slice(2);
try {
  const expected = globSync('test/*/**/*.test.ts').filter((file) => !basename(file).startsWith('.'));
  const { passed, failed } = count(JSON.parse(readFileSync(path, 'utf8')), expected);
  process.stdout.write(`${passed} ${failed}\n`);
} catch (error) {
  process.stderr.write(`There is no report of the tests: ${error.message}\n`);
  process.stdout.write('0 1\n');
}

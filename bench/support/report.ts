/** What a benchmark prints: a table of its contenders, then each budget with what was measured. */
import { figures, spread, type Results, type Spread } from './rounds.ts';

export const say = (line: string): void => void process.stdout.write(`${line}\n`);
/** Progress goes to standard error, so that the output of a run is its figures. */
export const progress = (line: string): void => void process.stderr.write(`${line}\n`);

export function printTable(results: Results, unit: string): void {
  say(
    `${'min / median / max of the rounds'.padEnd(48)}${unit.padEnd(26)}${'p50 ms'.padEnd(22)}${'p99 ms'.padEnd(24)}CPU µs own + Postgres (medians)`,
  );
  for (const name of results.keys()) {
    const column = (pick: 'rate' | 'p50' | 'p99', digits: number) =>
      text(spread(figures(results, name, (sample) => sample[pick])), digits);
    say(
      `${name.padEnd(48)}${column('rate', 0).padEnd(26)}${column('p50', 1).padEnd(22)}${column('p99', 1).padEnd(24)}${cpuText(results, name)}`,
    );
  }
}

function cpuText(results: Results, name: string): string {
  const median = (pick: 'ownCpu' | 'postgresCpu') =>
    spread(figures(results, name, (sample) => sample[pick] ?? 0)).median.toFixed(0);
  return `${median('ownCpu')} + ${median('postgresCpu')}`;
}

/** What a run found, in words and over its rounds; `bench/all.ts` gathers these. */
export interface Finding {
  readonly what: string;
  readonly found: Spread;
  readonly digits: number;
  readonly budget: string | null;
  readonly met: boolean | null;
}

/** A budget: the median counts. */
export function printBudget(
  what: string,
  values: readonly number[],
  budget: { readonly atLeast: number } | { readonly atMost: number },
): void {
  const found = spread(values);
  const [met, limit] =
    'atLeast' in budget
      ? [found.median >= budget.atLeast, `at least ${budget.atLeast}`]
      : [found.median <= budget.atMost, `at most ${budget.atMost}`];
  print({ what, found, digits: 2, budget: limit, met });
}

/** A figure that has no budget. */
export function printValue(what: string, values: readonly number[], digits: number): void {
  print({ what, found: spread(values), digits, budget: null, met: null });
}

function print(finding: Finding): void {
  const { what, found, digits, budget, met } = finding;
  const verdict = budget === null ? '' : `budget ${budget}: ${met === true ? 'met' : 'MISSED'}`;
  say(`${what.padEnd(64)}${text(found, digits).padEnd(27)}${verdict}`.trimEnd());
  process.send?.(finding);
}

export function text({ min, median, max }: Spread, digits: number): string {
  return [min, median, max].map((value) => value.toFixed(digits)).join(' / ');
}

/** Interleaved rounds: whatever else the machine does, it does to all contenders alike, so that their ratios hold. */
import type { Sample } from './measure.ts';

export interface Contender {
  readonly name: string;
  run(round: number): Promise<Sample>;
}

/** Samples by contender, in the order of rounds. */
export type Results = ReadonlyMap<string, readonly Sample[]>;

/** Runs every contender once a round, in an order that rotates; the first round warms up and is not counted. */
export async function interleave(
  rounds: number,
  contenders: readonly Contender[],
  say: (line: string) => void,
): Promise<Results> {
  const results = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    const shift = round % contenders.length;
    for (const contender of [...contenders.slice(shift), ...contenders.slice(0, shift)]) {
      const measured = await contender.run(round);
      if (round > 0) results.get(contender.name)!.push(measured);
    }
    say(round === 0 ? 'warmed up' : `round ${round} of ${rounds}`);
  }
  return results;
}

/** Min, median and max. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { min: sorted[0] ?? 0, median: sorted[Math.floor(sorted.length / 2)] ?? 0, max: sorted.at(-1) ?? 0 };
}

/** One figure of a contender over its rounds. */
export function figures(results: Results, name: string, pick: (sample: Sample) => number): readonly number[] {
  return results.get(name)!.map(pick);
}

/** `name` over `base`, round by round. */
export function ratios(
  results: Results,
  name: string,
  base: string,
  pick: (sample: Sample) => number = (s) => s.rate,
): readonly number[] {
  const bases = figures(results, base, pick);
  return figures(results, name, pick).map((value, round) => value / bases[round]!);
}

/** The contender whose median rate is the greatest. */
export function fastest(results: Results, names: readonly string[]): string {
  const median = (name: string) => spread(figures(results, name, (s) => s.rate)).median;
  return names.toSorted((a, b) => median(b) - median(a))[0]!;
}

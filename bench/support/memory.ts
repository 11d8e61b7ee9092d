/** What memory processes hold, as /proc tells. */
import { readFile } from 'node:fs/promises';

export interface Memory {
  /** Megabytes. */
  readonly resident: number;
  /** Megabytes; pages that several processes share are counted once. */
  readonly proportional: number;
}

/** Of all these processes together. */
export async function memoryOf(pids: readonly number[]): Promise<Memory> {
  const texts = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')));
  const sum = (field: string) =>
    texts.reduce((all, text) => all + Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0), 0) /
    1024;
  return { resident: sum('Rss'), proportional: sum('Pss') };
}

/** A process and all that it started and that still runs. */
export async function processTree(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const below = await Promise.all(
    text
      .split(' ')
      .filter(Boolean)
      .map((child) => processTree(Number(child))),
  );
  return [pid, ...below.flat()];
}

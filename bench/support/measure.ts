/** Closed-loop callers, and what their waiting times and the CPU clocks say. */
import { readFile } from 'node:fs/promises';
import { processTree } from './memory.ts';

/** One run of one contender. */
export interface Sample {
  /** Units a second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** CPU time a unit took, in microseconds: of the process that works, and of Postgres with all its backends. */
  readonly ownCpu?: number;
  readonly postgresCpu?: number;
}

/**
 * Runs and adds what CPU time a unit took: of the process that works (this one, unless another is named), and of the
 * Postgres of that postmaster.
 */
export async function withCpu(
  postmaster: number,
  count: number,
  run: () => Promise<Sample>,
  worker = process.pid,
): Promise<Sample> {
  const used = async () => [(await cpuOf(worker)) ?? 0, await cpuOfTree(postmaster)] as const;
  const before = await used();
  const measured = await run();
  const after = await used();
  const each = (i: 0 | 1) => ((after[i] - before[i]) * 1_000) / count;
  return { ...measured, ownCpu: each(0), postgresCpu: each(1) };
}

/** `callers` loops take the numbers 0 … count − 1 in turn, each asking for the next when its last was answered. */
export async function drive(count: number, callers: number, ask: (n: number) => Promise<unknown>): Promise<Sample> {
  const waits: number[] = [];
  let next = 0;
  const call = async (): Promise<void> => {
    while (next < count) {
      const n = next++;
      const asked = performance.now();
      await ask(n);
      waits.push(performance.now() - asked);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: callers }, call));
  return sample(count, performance.now() - started, waits);
}

/**
 * As {@link drive}, with the CPU time that it took. The first fifth is not counted: after a checkpoint, which comes with
 * every copied database, Postgres writes each page whole that it touches for the first time.
 */
export async function driveWarm(
  postmaster: number,
  count: number,
  callers: number,
  ask: (n: number) => Promise<unknown>,
): Promise<Sample> {
  const warm = Math.ceil(count / 5);
  await drive(warm, callers, ask);
  return withCpu(postmaster, count - warm, () => drive(count - warm, callers, (n) => ask(warm + n)));
}

export function sample(count: number, milliseconds: number, waits: readonly number[]): Sample {
  const sorted = waits.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { rate: (count * 1_000) / milliseconds, p50: at(0.5), p99: at(0.99) };
}

/** A clock tick of /proc. */
const TICK_MS = 10;

/** CPU time that a process used so far, in milliseconds; null where /proc does not tell. */
export async function cpuOf(pid: number): Promise<number | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The name, in parentheses, may hold anything; the fields are counted from behind it: utime, stime, and those of the
  // children that it has waited for.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user = 0, system = 0, ...waitedFor] = fields.slice(11, 15).map(Number);
  return (user + system + waitedFor.reduce((sum, ticks) => sum + ticks, 0)) * TICK_MS;
}

/** CPU time of a process and of all that it started and that still runs. */
export async function cpuOfTree(pid: number): Promise<number> {
  const used = await Promise.all((await processTree(pid)).map(cpuOf));
  return used.reduce<number>((sum, cpu) => sum + (cpu ?? 0), 0);
}

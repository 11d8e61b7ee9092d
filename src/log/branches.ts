/** Where the states at several points of a room's lines can differ, and what each has there. Pure: the rows are handed in. */
import { stateKeyText, type StateKey } from '../matrix/auth-events.ts';
import type { Ref } from './state-lines.ts';

/** A change of one key on a line, as a row of `state_changes` has it. */
export interface LineChange {
  readonly line: number;
  readonly at: number;
  readonly type: string;
  readonly stateKey: string;
  /** Position of the event; null: the key became absent. */
  readonly event: number | null;
  /** What the key was just before, on the line or on what it was branched from. */
  readonly previous: number | null;
}

/** The lines that a point stands on, nearest first: its own, then what each was branched from, down to line 0. */
export type Path = readonly Ref[];

/** The part of a room's lines that several paths do not share. */
export interface Stretch {
  /** The last line that all paths stand on. They differ on it by the changes in (after, upTo]. */
  readonly common: number;
  readonly after: number;
  readonly upTo: number;
  /** The other lines, each up to the last point that a path needs; those nearest to the common line first. */
  readonly sides: readonly Ref[];
}

export interface Branches {
  readonly refs: readonly Ref[];
  /** The keys at which the states can differ, by `stateKeyText`; at all others they are the same. */
  readonly keys: ReadonlyMap<string, StateKey>;
  /** Position of the event that the state at `refs[n]` has at one of `keys`; null: none. */
  valueAt(n: number, name: string): number | null;
}

/** Throws RangeError without paths. */
export function stretchOf(paths: readonly Path[]): Stretch {
  if (paths.length === 0) throw new RangeError('There are no paths.');
  const fromRoot = (path: Path, depth: number): Ref | undefined => path[path.length - 1 - depth];
  let depth = 0;
  for (;;) {
    const next = paths.map((path) => fromRoot(path, depth + 1)?.line);
    if (next[0] === undefined || next.some((line) => line !== next[0])) break;
    depth += 1;
  }
  const shared = paths.map((path) => fromRoot(path, depth)!);
  const ats = shared.map(({ at }) => at);
  const sides = new Map<number, { line: number; at: number; distance: number }>();
  for (const path of paths) {
    for (const [n, { line, at }] of path.slice(0, path.length - 1 - depth).entries()) {
      const known = sides.get(line);
      if (known === undefined) sides.set(line, { line, at, distance: path.length - n });
      else known.at = Math.max(known.at, at);
    }
  }
  return {
    common: shared[0]!.line,
    after: least(ats),
    upTo: greatest(ats),
    sides: [...sides.values()].sort((a, b) => a.distance - b.distance).map(({ line, at }) => ({ line, at })),
  };
}

/**
 * Compares the states at the ends of `paths`, given all changes of their stretch. A key's value where the paths part is
 * the `previous` of its first change after that, so nothing else has to be read.
 */
export function branchesOf(paths: readonly Path[], stretch: Stretch, changes: readonly LineChange[]): Branches {
  const keys = new Map<string, StateKey>();
  const byLine = new Map<number, Map<string, LineChange[]>>();
  for (const change of changes) {
    const name = stateKeyText(change.type, change.stateKey);
    keys.set(name, [change.type, change.stateKey]);
    const ofLine = byLine.get(change.line) ?? new Map<string, LineChange[]>();
    byLine.set(change.line, ofLine);
    const ofKey = ofLine.get(name);
    if (ofKey === undefined) ofLine.set(name, [change]);
    else ofKey.push(change);
  }
  for (const ofLine of byLine.values())
    for (const ofKey of ofLine.values()) if (ofKey.length > 1) ofKey.sort((a, b) => a.at - b.at);

  const nearest = [stretch.common, ...stretch.sides.map(({ line }) => line)];
  const atTheFork = (name: string): number | null => {
    for (const line of nearest) {
      const first = byLine.get(line)?.get(name)?.[0];
      if (first !== undefined) return first.previous;
    }
    return null;
  };
  return {
    refs: paths.map((path) => path[0]!),
    keys,
    valueAt: (n, name) => {
      for (const { line, at } of paths[n] ?? []) {
        const last = byLine
          .get(line)
          ?.get(name)
          ?.findLast((change) => change.at <= at);
        if (last !== undefined) return last.event;
        if (line === stretch.common) break;
      }
      return atTheFork(name);
    },
  };
}

function least(values: readonly number[]): number {
  return values.reduce((a, b) => (b < a ? b : a));
}

function greatest(values: readonly number[]): number {
  return values.reduce((a, b) => (b > a ? b : a));
}

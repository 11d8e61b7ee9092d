/** Compares the states at several points of a room's lines, those of an event that is being judged among them. */
import type { Db } from '../../database/database.ts';
import type { AuthGraphs, RoomGraph } from '../../log/auth-graphs.ts';
import { branchesOf, stretchOf, type Branches, type LineChange, type Path } from '../../log/branches.ts';
import { readPaths, readStretch } from '../../log/line-queries.ts';
import type { Ref } from '../../log/state-lines.ts';
import type { StateKey } from '../../matrix/auth-events.ts';
import type { ResolvableEvent } from '../../matrix/resolvable-event.ts';
import type { RoomVersion } from '../../matrix/room-versions.ts';
import { draftPath, type LineDraft } from './line-draft.ts';

/** A room whose states are to be resolved: what is stored of it, and what is being made of one more event. */
export interface ForkedRoom {
  readonly db: Db;
  readonly graphs: AuthGraphs;
  readonly roomId: string;
  readonly version: RoomVersion;
  /** The current state: on line 0. */
  readonly head: Ref;
  /** Events of the current state; keys that it lacks are left out. */
  current(keys: readonly StateKey[]): Promise<ReadonlyMap<string, ResolvableEvent>>;
  readonly draft: LineDraft;
  /** What was read ahead, for the points that all of this is about. */
  readonly ahead?: Ahead | undefined;
}

export interface Ahead {
  /** By point, as `refName` names it. */
  readonly paths: ReadonlyMap<string, Path>;
  readonly changes: readonly LineChange[];
  readonly graph: Promise<RoomGraph>;
}

/** Compares states that are stored, or drafted in `room`. */
export async function readBranches(room: ForkedRoom, refs: readonly Ref[]): Promise<Branches> {
  const { db, roomId, draft, ahead } = room;
  const drafted = refs.map((ref) => draftPath(draft, ref));
  const bases = drafted.map((path) => path.at(-1)!);
  const known = bases.map((ref) => ahead?.paths.get(refName(ref)));
  const isAhead = ahead !== undefined && known.every((path) => path !== undefined);
  const stored = isAhead ? known : await readPaths(db, roomId, bases);
  const paths: readonly Path[] = drafted.map((path, n) => [...path.slice(0, -1), ...stored[n]!]);
  // What was read ahead is of a stretch that holds this one.
  const stretch = stretchOf(isAhead ? [...paths, ...ahead.paths.values()] : paths);
  const changes = isAhead ? ahead.changes : await readStretch(db, roomId, stretch);
  return branchesOf(paths, stretch, draft.changes.length === 0 ? changes : [...changes, ...draft.changes]);
}

/** Reads ahead what the comparison of any of these points takes; undefined when they lie further back than `reach` changes. */
export async function readAhead(
  db: Db,
  roomId: string,
  refs: readonly Ref[],
  reach: number,
  graph: () => Promise<RoomGraph>,
): Promise<Ahead | undefined> {
  const points = distinctRefs(refs);
  const paths = await readPaths(db, roomId, points);
  const stretch = stretchOf(paths);
  if (stretch.upTo - stretch.after > reach) return undefined;
  const reading = graph();
  // Waited for where it is needed, which may be nowhere.
  reading.catch(() => undefined);
  const changes = await readStretch(db, roomId, stretch);
  return { paths: new Map(points.map((ref, n) => [refName(ref), paths[n]!])), changes, graph: reading };
}

export function refName({ line, at }: Ref): string {
  return `${line}:${at}`;
}

/** Each point once, in an order that does not depend on how they came. */
export function distinctRefs(refs: readonly Ref[]): readonly Ref[] {
  const sorted = [...refs].sort((a, b) => a.line - b.line || a.at - b.at);
  return sorted.filter((ref, n) => n === 0 || !isSameRef(ref, sorted[n - 1]!));
}

export function isSameRef(a: Ref, b: Ref): boolean {
  return a.line === b.line && a.at === b.at;
}

/** The state that goes with a timeline: what the client needs besides it to know the room's state at the end. */
import { stateKeyText } from '../../../matrix/auth-events.ts';
import type { Db } from '../../../database/database.ts';
import {
  currentStates,
  stateChanges,
  statesAt,
  type StateChangeRow,
  type StateEntryRow,
} from '../../../projections/sync-queries.ts';
import type { RoomTimeline } from './timelines.ts';
import type { RoomWindow } from './windows.ts';

export interface RoomStateDelta {
  /** Positions of the events of `state` (or `state_after`). */
  readonly events: readonly number[];
  /** By position of a timeline event: what it took the place of. */
  readonly replaced: ReadonlyMap<number, number>;
  /** Something changed that the room's summary is made of: a member, the name or the alias. */
  readonly summaryMoved: boolean;
}

export type Timelines = ReadonlyMap<string, RoomTimeline>;
export type Changes = ReadonlyMap<string, readonly StateChangeRow[]>;

/** The changes by room: since the client's token, or at least since the timeline's start where the whole state is told. */
export function readChanges(db: Db, windows: readonly RoomWindow[], timelines: Timelines): Promise<Changes> {
  return stateChanges(
    db,
    windows.flatMap((window) => {
      const before = timelines.get(window.entry.room.roomId)!.start.anchor - 1;
      return window.stretches.map((stretch) =>
        window.full ? { ...stretch, from: Math.max(stretch.from, Math.min(before, stretch.to)) } : stretch,
      );
    }),
  );
}

/** The states by room; `after`: as they are at the end of the timelines, not at their start. */
export async function readStates(
  db: Db,
  windows: readonly RoomWindow[],
  timelines: Timelines,
  changes: Changes,
  after: boolean,
): Promise<ReadonlyMap<string, RoomStateDelta>> {
  const whole = windows.filter((window) => window.full);
  const joined = whole.filter(({ entry }) => entry.section === 'join').map(({ entry }) => entry.room.roomId);
  const left = whole.filter(({ entry }) => entry.section === 'leave');
  const bases = new Map([
    ...(await currentStates(db, joined)),
    ...(await statesAt(
      db,
      left.map(({ entry, end }) => ({ roomId: entry.room.roomId, at: end })),
    )),
  ]);
  return new Map(
    windows.map((window) => {
      const { roomId } = window.entry.room;
      const { rows, start } = timelines.get(roomId)!;
      const shown = new Set(rows.map(({ event }) => event.position));
      const base = window.full ? (bases.get(roomId) ?? []) : null;
      return [roomId, stateDelta({ changes: changes.get(roomId) ?? [], base, start: start.anchor, shown, after })];
    }),
  );
}

export interface StateDeltaInput {
  /** In order; with a `base` at least those since `start`, else all since the client's token. */
  readonly changes: readonly StateChangeRow[];
  /** The whole state at the end, or null when only changes are told. */
  readonly base: readonly StateEntryRow[] | null;
  /** Room position of the first timeline event. */
  readonly start: number;
  /** Positions of the timeline's events. */
  readonly shown: ReadonlySet<number>;
  readonly after: boolean;
}

const SUMMARISED: readonly string[] = ['m.room.member', 'm.room.name', 'm.room.canonical_alias'];

/**
 * A key has its value at the start of the timeline, which then brings it up to date; or, when the timeline does not hold
 * its last change (it was resolved, or is not for this user to see as an event), the value at the end. Pure.
 */
export function stateDelta({ changes, base, start, shown, after }: StateDeltaInput): RoomStateDelta {
  const values = new Map<string, number | null>();
  for (const row of base ?? []) values.set(stateKeyText(row.type, row.stateKey), row.event);
  const replaced = new Map<number, number>();
  for (const [name, ofKey] of Map.groupBy(changes, (change) => stateKeyText(change.type, change.stateKey))) {
    const last = ofKey.at(-1)!;
    const later = ofKey.find((change) => change.at >= start);
    const early = ofKey.findLast((change) => change.at < start);
    for (const { event, previous } of ofKey) if (event !== null && previous !== null) replaced.set(event, previous);
    const told = last.event !== null && shown.has(last.event);
    if (after || (later !== undefined && !told)) values.set(name, last.event);
    else if (early !== undefined) values.set(name, early.event);
    else if (base !== null) values.set(name, later?.previous ?? null);
  }
  const events = [...values.values()].filter((event) => event !== null);
  return { events, replaced, summaryMoved: changes.some((change) => SUMMARISED.includes(change.type)) };
}

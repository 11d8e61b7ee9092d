/** The timelines of an answer: the newest events of each room's window, as far as the user may see them. */
import type { TimelinePoint } from '../../../log/read.ts';
import { stateName } from '../../../log/state-lines.ts';
import { recentEvents, type StateChangeRow } from '../../../projections/sync-queries.ts';
import { seenRows, type SeenRow, type SightDeps } from '../history/sight.ts';
import type { Standpoint } from '../history/standpoint.ts';
import type { RoomWindow } from './windows.ts';

export interface RoomTimeline {
  /** Oldest first. */
  readonly rows: readonly SeenRow[];
  /** Something of the window is not here. */
  readonly limited: boolean;
  /** Where to go on from, backwards. */
  readonly start: TimelinePoint;
}

export interface TimelineDeps extends SightDeps {
  readonly userId: string;
  /** Whose messages are left out; what they do to the room's state is not. */
  readonly ignored: ReadonlySet<string>;
}

/** The timelines by room. */
export async function readTimelines(
  deps: TimelineDeps,
  windows: readonly RoomWindow[],
  limit: number,
): Promise<ReadonlyMap<string, RoomTimeline>> {
  const stretches = windows.flatMap((window) => window.stretches);
  const found = await recentEvents(deps.db, stretches, limit + 1);
  const cut = windows.map((window) => {
    const rows = found.get(window.entry.room.roomId) ?? [];
    return { window, rows: limit === 0 ? [] : rows.slice(-limit), wasCut: rows.length > limit };
  });
  const asked = cut.flatMap(({ window, rows }) => {
    const standpoint = standpointOf(deps.userId, window);
    return rows.map((row) => ({ standpoint, row }));
  });
  const seen = Map.groupBy(await seenRows(deps, asked), ({ standpoint }) => standpoint.roomId);
  return new Map(
    cut.map(({ window, rows, wasCut }) => {
      const { roomId } = window.entry.room;
      const visible = seen.get(roomId) ?? [];
      const limited = wasCut || visible.length < rows.length;
      const told = visible.filter((row) => !isIgnored(row, deps.ignored));
      return [roomId, { rows: told, limited, start: startOf(visible, window.end) }];
    }),
  );
}

/**
 * The timelines as a client can lay them over `state`. Where a key's last change is not shown (it is not for this user
 * to see as an event, or a resolution brought it), an earlier event of that key would win: the timeline begins after it.
 */
export function withoutOutdated(
  windows: readonly RoomWindow[],
  timelines: ReadonlyMap<string, RoomTimeline>,
  changes: ReadonlyMap<string, readonly StateChangeRow[]>,
): ReadonlyMap<string, RoomTimeline> {
  return new Map(
    windows.map((window) => {
      const { roomId } = window.entry.room;
      const timeline = timelines.get(roomId)!;
      const from = upToDateFrom(timeline.rows, changes.get(roomId) ?? []);
      if (from === 0) return [roomId, timeline];
      const rows = timeline.rows.slice(from);
      return [roomId, { rows, limited: true, start: startOf(rows, window.end) }];
    }),
  );
}

/** Index of the first row after which each state event shown last of its key is also the key's last change. */
function upToDateFrom(rows: readonly SeenRow[], changes: readonly StateChangeRow[]): number {
  const last = new Map(changes.map((change) => [stateName(change.type, change.stateKey), change.event]));
  const shownLast = new Map<string, number>();
  for (const [n, { event }] of rows.entries()) {
    if (event.stateKey !== null) shownLast.set(stateName(event.type, event.stateKey), n);
  }
  const outdated = [...shownLast].filter(([key, n]) => rows[n]!.event.position !== last.get(key));
  return Math.max(0, ...outdated.map(([, n]) => n + 1));
}

/** Where one goes on backwards from: the first row, or the end of a timeline that shows nothing. */
function startOf([first]: readonly SeenRow[], end: number): TimelinePoint {
  return first === undefined ? { anchor: end + 1, back: 0 } : { anchor: first.row.anchor, back: first.row.back };
}

function standpointOf(userId: string, { entry }: RoomWindow): Standpoint {
  const { roomId, since } = entry.room;
  if (entry.section === 'join') return { roomId, userId, joinedFrom: since, departedAt: null };
  return { roomId, userId, joinedFrom: null, departedAt: entry.departedAt };
}

/** State counts whoever it is from, so that no room looks different to those who ignore somebody. */
function isIgnored({ event }: SeenRow, ignored: ReadonlySet<string>): boolean {
  return event.stateKey === null && ignored.has(event.sender);
}

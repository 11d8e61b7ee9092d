/** The timelines of an answer: the newest events of each room's window, as far as the user may see them. */
import { maySeeEvent, type Viewpoint } from '../../../access/history-visibility.ts';
import type { Db } from '../../../database/database.ts';
import type { StoredEvent, TimelinePoint, TimelineRow } from '../../../log/read.ts';
import { stateName } from '../../../log/state-lines.ts';
import { membershipOf, stringIn } from '../../../matrix/pdu.ts';
import { recentEvents, valuesAtMany, type StateChangeRow } from '../../../projections/sync-queries.ts';
import type { EventBook } from '../event-book.ts';
import type { RoomWindow } from './windows.ts';

export interface RoomTimeline {
  /** Oldest first; all of them loaded. */
  readonly rows: readonly TimelineRow[];
  /** Something of the window is not here. */
  readonly limited: boolean;
  /** Where to go on from, backwards. */
  readonly start: TimelinePoint;
}

export interface TimelineDeps {
  readonly db: Db;
  readonly book: EventBook;
  readonly userId: string;
}

/** The timelines by room. The books hold their events afterwards. */
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
  await deps.book.load(cut.flatMap(({ window, rows }) => rows.map((row) => keyOf(window, row))));
  const seen = await visibleRows(deps, cut);
  return new Map(
    cut.map(({ window, rows, wasCut }) => {
      const visible = rows.filter((row) => seen.has(row.event));
      const limited = wasCut || visible.length < rows.length;
      return [window.entry.room.roomId, { rows: visible, limited, start: startOf(visible, window.end) }];
    }),
  );
}

/**
 * The timelines as a client can lay them over `state`. Where a key's last change is not shown (it is not for this user
 * to see as an event, or a resolution brought it), an earlier event of that key would win: the timeline begins after it.
 */
export function withoutOutdated(
  book: EventBook,
  windows: readonly RoomWindow[],
  timelines: ReadonlyMap<string, RoomTimeline>,
  changes: ReadonlyMap<string, readonly StateChangeRow[]>,
): ReadonlyMap<string, RoomTimeline> {
  return new Map(
    windows.map((window) => {
      const { roomId } = window.entry.room;
      const timeline = timelines.get(roomId)!;
      const from = upToDateFrom(book, timeline.rows, changes.get(roomId) ?? []);
      if (from === 0) return [roomId, timeline];
      const rows = timeline.rows.slice(from);
      return [roomId, { rows, limited: true, start: startOf(rows, window.end) }];
    }),
  );
}

/** Index of the first row after which each state event shown last of its key is also the key's last change. */
function upToDateFrom(book: EventBook, rows: readonly TimelineRow[], changes: readonly StateChangeRow[]): number {
  const last = new Map(changes.map((change) => [stateName(change.type, change.stateKey), change.event]));
  const shownLast = new Map<string, number>();
  for (const [n, row] of rows.entries()) {
    const event = book.get(row.event);
    if (event?.stateKey != null) shownLast.set(stateName(event.type, event.stateKey), n);
  }
  const outdated = [...shownLast].filter(([key, n]) => rows[n]!.event !== last.get(key));
  return Math.max(0, ...outdated.map(([, n]) => n + 1));
}

/** Where one goes on backwards from: the first row, or the end of a timeline that shows nothing. */
function startOf([first]: readonly TimelineRow[], end: number): TimelinePoint {
  return first === undefined ? { anchor: end + 1, back: 0 } : { anchor: first.anchor, back: first.back };
}

function keyOf(window: RoomWindow, row: TimelineRow): { roomId: string; position: number } {
  return { roomId: window.entry.room.roomId, position: row.event };
}

interface CutRows {
  readonly window: RoomWindow;
  readonly rows: readonly TimelineRow[];
}

/** Positions of the events that the user may see. What came since they joined needs no look at the state around it. */
async function visibleRows(deps: TimelineDeps, cut: readonly CutRows[]): Promise<ReadonlySet<number>> {
  const seen = new Set<number>();
  const doubtful: { readonly window: RoomWindow; readonly row: TimelineRow }[] = [];
  for (const { window, rows } of cut) {
    const { section, room } = window.entry;
    for (const row of rows) {
      if (section === 'join' && row.roomPosition >= room.since) seen.add(row.event);
      else doubtful.push({ window, row });
    }
  }
  const keys = [
    ['m.room.history_visibility', ''],
    ['m.room.member', deps.userId],
  ] as const;
  const values = await valuesAtMany(
    deps.db,
    doubtful.map(({ window, row }) => ({
      roomId: window.entry.room.roomId,
      ref: { line: row.beforeLine, at: row.beforeAt },
      keys,
    })),
  );
  await deps.book.load(
    doubtful.flatMap(({ window }, n) =>
      [...values[n]!.values()].map((position) => ({ roomId: window.entry.room.roomId, position })),
    ),
  );
  for (const [n, { window, row }] of doubtful.entries()) {
    const event = deps.book.get(row.event);
    if (event !== undefined && maySee(deps, window, row, event, values[n]!)) seen.add(row.event);
  }
  return seen;
}

function maySee(
  { book, userId }: TimelineDeps,
  { entry }: RoomWindow,
  row: TimelineRow,
  event: StoredEvent,
  values: ReadonlyMap<string, number>,
): boolean {
  const at = (type: string, stateKey: string) => {
    const position = values.get(stateName(type, stateKey));
    return position === undefined ? undefined : book.get(position);
  };
  const before = viewpoint(at('m.room.history_visibility', ''), at('m.room.member', userId));
  const after: Viewpoint =
    event.type === 'm.room.history_visibility' && event.stateKey === ''
      ? { ...before, visibility: viewpoint(event, undefined).visibility }
      : event.type === 'm.room.member' && event.stateKey === userId
        ? { ...before, membership: viewpoint(undefined, event).membership }
        : before;
  const joinedSince = entry.section === 'join' || (entry.departedAt !== null && row.roomPosition < entry.departedAt);
  return maySeeEvent(event, { userId, joinedSince }, before, after);
}

function viewpoint(visibility: StoredEvent | undefined, member: StoredEvent | undefined): Viewpoint {
  return {
    visibility: visibility === undefined ? null : stringIn(visibility.content, 'history_visibility'),
    membership: (member && membershipOf(member.pdu)) ?? 'none',
  };
}

/** The timelines of an answer: the newest events of each room's window, as far as the user may see them. */
import { maySeeEvent, type Viewpoint } from '../../../access/history-visibility.ts';
import type { Db } from '../../../database/database.ts';
import type { StoredEvent, TimelinePoint, TimelineRow } from '../../../log/read.ts';
import { stateName } from '../../../log/state-lines.ts';
import { membershipOf, stringIn } from '../../../matrix/pdu.ts';
import { recentEvents, valuesAtMany } from '../../../projections/sync-queries.ts';
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
      const first = visible[0];
      const start =
        first === undefined ? { anchor: window.end + 1, back: 0 } : { anchor: first.anchor, back: first.back };
      return [window.entry.room.roomId, { rows: visible, limited: wasCut || visible.length < rows.length, start }];
    }),
  );
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

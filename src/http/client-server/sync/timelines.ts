/** The timelines of an answer: the newest events of each room's window, as far as the user may see them. */
import { stateKeyText } from '../../../matrix/auth-events.ts';
import type { Db } from '../../../database/database.ts';
import { readNames, type TimelinePoint, type TimelineRow } from '../../../log/read.ts';
import { recentEvents, type StateChangeRow } from '../../../projections/sync-queries.ts';
import type { EventFilter } from '../history/event-filter.ts';
import { seenRows, type SeenRow, type SightDeps } from '../history/sight.ts';
import type { Standpoint } from '../history/standpoint.ts';
import type { SyncFilter } from './filter.ts';
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

/** Of what a filter wants, it is looked for among this many of a room's newest events. */
const LOOKED_AT = 100;

/** The timelines by room: of each the newest events that are wanted, up to a limit. */
export async function readTimelines(
  deps: TimelineDeps,
  windows: readonly RoomWindow[],
  { timelineLimit: limit, timeline: wanted }: Pick<SyncFilter, 'timelineLimit' | 'timeline'>,
): Promise<ReadonlyMap<string, RoomTimeline>> {
  const stretches = windows.flatMap((window) => window.stretches);
  const most = wanted === null || limit === 0 ? limit : LOOKED_AT;
  const newest = await recentEvents(deps.db, stretches, most + 1);
  const found = wanted === null ? newest : await wantedRows(deps.db, newest, wanted);
  const cut = windows.map((window) => {
    const rows = found.get(window.entry.room.roomId) ?? [];
    const wasCut = rows.length > limit || (newest.get(window.entry.room.roomId) ?? []).length > most;
    return { window, rows: limit === 0 ? [] : rows.slice(-limit), wasCut };
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
      const told = visible.filter((row) => !isIgnored(row, deps.ignored) && hasWantedContent(row, wanted));
      return [roomId, { rows: told, limited, start: startOf(visible, window.end) }];
    }),
  );
}

async function wantedRows(
  db: Db,
  newest: ReadonlyMap<string, readonly TimelineRow[]>,
  { wants }: EventFilter,
): Promise<ReadonlyMap<string, readonly TimelineRow[]>> {
  const rows = [...newest].flatMap(([roomId, ofRoom]) => ofRoom.map((row) => ({ roomId, row })));
  const names = await readNames(
    db,
    rows.map(({ roomId, row }) => ({ roomId, position: row.event })),
  );
  const wanted = rows.filter(({ roomId }, n) => wants({ roomId, ...names[n]! }));
  const byRoom = Map.groupBy(wanted, ({ roomId }) => roomId);
  return new Map([...byRoom].map(([roomId, ofRoom]) => [roomId, ofRoom.map(({ row }) => row)]));
}

function hasWantedContent({ event }: SeenRow, wanted: EventFilter | null): boolean {
  return wanted === null || wanted.wantsContent(event.content);
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
  const last = new Map(changes.map((change) => [stateKeyText(change.type, change.stateKey), change.event]));
  const shownLast = new Map<string, number>();
  for (const [n, { event }] of rows.entries()) {
    if (event.stateKey !== null) shownLast.set(stateKeyText(event.type, event.stateKey), n);
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

/** What a sync tells of rooms that somebody is or was in: timeline, state, summary, account data. */
import type { ToldEvent } from '../client-event.ts';
import type { EventBook } from '../event-book.ts';
import type { EventFilter } from '../history/event-filter.ts';
import type { SightDeps } from '../history/sight.ts';
import { tellRows } from '../history/tell.ts';
import { timelineToken } from '../pagination-token.ts';
import type { AccountEvent } from './account-news.ts';
import { readChanges, readStates, type RoomStateDelta, type Timelines } from './states.ts';
import { readSummaries, type RoomSummary } from './summaries.ts';
import { readTimelines, withoutOutdated, type RoomTimeline } from './timelines.ts';
import type { RoomWindow } from './windows.ts';

export interface RoomNewsRequest {
  readonly userId: string;
  /** Events of a room's timeline. */
  readonly timelineLimit: number;
  /** Which of them; null: any. */
  readonly timeline: EventFilter | null;
  readonly useStateAfter: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Whose messages are left out. */
  readonly ignored: ReadonlySet<string>;
  /** How many people a room without a name is called by. */
  readonly heroes: number;
}

interface Events {
  readonly events: readonly ToldEvent[];
}

export interface AccountEvents {
  readonly events: readonly AccountEvent[];
}

export interface RoomNews {
  readonly timeline: Events & { readonly limited: boolean; readonly prev_batch: string };
  readonly state?: Events;
  readonly state_after?: Events;
  readonly account_data: AccountEvents;
}

export interface JoinedNews extends RoomNews {
  readonly summary: RoomSummary | Record<string, never>;
  readonly ephemeral: Events;
  readonly unread_notifications: { readonly highlight_count: number; readonly notification_count: number };
}

export interface ToldRoom {
  readonly roomId: string;
  readonly window: RoomWindow;
  readonly news: RoomNews;
  /** Of a joined room, where something changed that it is made of. */
  readonly summary: RoomSummary | undefined;
  readonly timeline: RoomTimeline;
  /** By position of a state event: position of what it took the place of. */
  readonly replaced: ReadonlyMap<number, number>;
}

/** The rooms of which there is something to tell; `notes` is their account data. */
export async function readRoomNews(
  { db, book }: SightDeps,
  request: RoomNewsRequest,
  windows: readonly RoomWindow[],
  notes: ReadonlyMap<string, readonly AccountEvent[]>,
): Promise<readonly ToldRoom[]> {
  const { userId, useStateAfter, ignored } = request;
  const visible = await readTimelines({ db, book, userId, ignored }, windows, request);
  const changes = await readChanges(db, windows, visible);
  const timelines = useStateAfter ? visible : withoutOutdated(windows, visible, changes);
  const states = await readStates(db, windows, timelines, changes, useStateAfter);
  const live = windows.filter(
    (window) => isNews(window, timelines, states) || (notes.get(window.entry.room.roomId) ?? []).length > 0,
  );
  const told = await tellTimelines({ db, book }, live, timelines, states, request.now);
  await book.load(live.flatMap((window) => keysOf(window, states)));
  const summarised = live.filter((w) => w.entry.section === 'join' && (w.full || stateOf(w, states).summaryMoved));
  const rooms = summarised.map((window) => window.entry.room);
  const summaries = await readSummaries(db, book, userId, rooms, request.heroes);
  return live.map((window) => {
    const { roomId } = window.entry.room;
    const [timeline, state] = [timelines.get(roomId)!, stateOf(window, states)];
    const news = roomNews(book, request, timeline, told.get(roomId) ?? [], state);
    const account_data = { events: notes.get(roomId) ?? [] };
    const { replaced } = state;
    return { roomId, window, news: { ...news, account_data }, summary: summaries.get(roomId), timeline, replaced };
  });
}

/** A joined room as it is sent. */
export function joinedNews({ news }: Pick<ToldRoom, 'news'>, summary: RoomSummary | undefined): JoinedNews {
  return { ...news, summary: summary ?? {}, ...EMPTY_JOINED };
}

const EMPTY_JOINED = {
  ephemeral: { events: [] },
  unread_notifications: { highlight_count: 0, notification_count: 0 },
} as const;

type States = ReadonlyMap<string, RoomStateDelta>;

function stateOf(window: RoomWindow, states: States): RoomStateDelta {
  return states.get(window.entry.room.roomId)!;
}

// A row of the log may concern a room and tell its members nothing: an event that was refused.
function isNews(window: RoomWindow, timelines: Timelines, states: States): boolean {
  const timeline = timelines.get(window.entry.room.roomId)!;
  return window.full || timeline.rows.length > 0 || timeline.limited || stateOf(window, states).events.length > 0;
}

function keysOf(window: RoomWindow, states: States) {
  const { roomId } = window.entry.room;
  return stateOf(window, states).events.map((position) => ({ roomId, position }));
}

/** The timelines' events by room. */
async function tellTimelines(
  deps: SightDeps,
  windows: readonly RoomWindow[],
  timelines: Timelines,
  states: States,
  now: number,
): Promise<ReadonlyMap<string, readonly ToldEvent[]>> {
  const rows = windows.flatMap((window) => timelines.get(window.entry.room.roomId)!.rows);
  const replaced = new Map(windows.flatMap((window) => [...stateOf(window, states).replaced]));
  const told = await tellRows(deps, rows, replaced, { now, withRoomId: false });
  return Map.groupBy(told, (_, n) => rows[n]!.event.roomId);
}

function roomNews(
  book: EventBook,
  { now, useStateAfter }: RoomNewsRequest,
  { limited, start }: RoomTimeline,
  events: readonly ToldEvent[],
  { events: positions }: RoomStateDelta,
): Omit<RoomNews, 'account_data'> {
  const options = { now, withRoomId: false };
  const state = {
    events: positions.flatMap((position) => {
      const event = book.get(position);
      return event === undefined ? [] : [{ event, options }];
    }),
  };
  return {
    timeline: { events, limited, prev_batch: timelineToken(start) },
    ...(useStateAfter ? { state_after: state } : { state }),
  };
}

/** One answer of a sync: everything that concerns a user since a position, read from one snapshot of the log. */
import { forgottenRooms } from '../../../accounts/forgotten-rooms.ts';
import type { Db } from '../../../database/database.ts';
import { logHead } from '../../../log/read.ts';
import { roomPositionsAt, roomsOfUser, transitionsOfUser } from '../../../projections/sync-queries.ts';
import { clientEvent, type ClientEvent } from '../client-event.ts';
import { sincePoint, syncToken, timelineToken } from '../pagination-token.ts';
import {
  readAccountHead,
  readAccountNews,
  readRoomAccountData,
  type AccountEvent,
  type AccountNews,
} from './account-news.ts';
import { readDoorsteps, type StrippedState } from './doorsteps.ts';
import { openEventBook, type EventBook } from '../event-book.ts';
import type { SightDeps } from '../history/sight.ts';
import { tellRows } from '../history/tell.ts';
import type { SyncFilter } from './filter.ts';
import { chooseSections, type DoorstepRoom, type JoinedRoom, type LeftRoom, type SectionRoom } from './sections.ts';
import { readChanges, readStates, type RoomStateDelta, type Timelines } from './states.ts';
import { readSummaries, type RoomSummary } from './summaries.ts';
import { readTimelines, withoutOutdated, type RoomTimeline } from './timelines.ts';
import { windowOf, type RoomWindow } from './windows.ts';

export interface SyncRequest {
  readonly userId: string;
  readonly deviceId: string;
  /** The client's token; null for a first sync. */
  readonly since: string | null;
  readonly filter: SyncFilter;
  readonly fullState: boolean;
  readonly useStateAfter: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

interface Events {
  readonly events: readonly ClientEvent[];
}

interface AccountEvents {
  readonly events: readonly AccountEvent[];
}

interface RoomNews {
  readonly timeline: Events & { readonly limited: boolean; readonly prev_batch: string };
  readonly state?: Events;
  readonly state_after?: Events;
}

interface JoinedNews extends RoomNews {
  readonly summary: RoomSummary | Record<string, never>;
  readonly ephemeral: Events;
  readonly account_data: AccountEvents;
  readonly unread_notifications: { readonly highlight_count: number; readonly notification_count: number };
}

export interface SyncRooms {
  readonly join: Readonly<Record<string, JoinedNews>>;
  readonly invite: Readonly<Record<string, { readonly invite_state: { readonly events: StrippedState } }>>;
  readonly knock: Readonly<Record<string, { readonly knock_state: { readonly events: StrippedState } }>>;
  readonly leave: Readonly<Record<string, RoomNews & { readonly account_data: AccountEvents }>>;
}

export interface SyncNews {
  /** The log's head in the snapshot that was read. */
  readonly head: number;
  readonly account: AccountNews;
  readonly rooms: SyncRooms;
  readonly isEmpty: boolean;
  /** The rooms whose events the user is waiting for. */
  readonly joinedRoomIds: ReadonlySet<string>;
}

/** Throws M_INVALID_PARAM for a token that is none. The number of queries does not grow with the number of rooms. */
export async function readSync(db: Db, request: SyncRequest): Promise<SyncNews> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((snapshot) => readSnapshot(snapshot, request));
}

const NONE: ReadonlySet<string> = new Set();

async function readSnapshot(db: Db, request: SyncRequest): Promise<SyncNews> {
  const { userId, filter, fullState } = request;
  const [head, accountHead] = [await logHead(db), await readAccountHead(db, userId)];
  const point =
    request.since === null ? null : sincePoint(request.since, { position: head, change: accountHead.changes });
  const since = point?.position ?? null;
  const account = await readAccountNews(db, userId, accountHead, fullState ? null : (point?.change ?? null));
  const rooms = await roomsOfUser(db, userId);
  const transitions = await transitionsOfUser(db, userId, since ?? 0);
  const noted = new Set(account.ofRooms.keys());
  const forgotten = since === null && filter.includeLeave ? await forgottenRooms(db, userId) : NONE;
  const known = { rooms, transitions, noted, forgotten, invitesAgain: account.ignoredChanged };
  const chosen = chooseSections({ ...known, since, fullState, filter });
  const joinedRoomIds = new Set(rooms.filter((room) => room.membership === 'join').map((room) => room.roomId));
  const news = await readRooms(db, request, since ?? 0, chosen, account);
  const isEmpty =
    account.events.length === 0 && Object.values(news).every((section) => Object.keys(section).length === 0);
  return { head, account, rooms: news, isEmpty, joinedRoomIds };
}

async function readRooms(
  db: Db,
  request: SyncRequest,
  since: number,
  chosen: readonly SectionRoom[],
  account: AccountNews,
): Promise<SyncRooms> {
  const book = openEventBook(db, request);
  const doorsteps = chosen.filter(
    (room): room is DoorstepRoom => room.section === 'invite' || room.section === 'knock',
  );
  const stripped = await readDoorsteps(db, book, doorsteps, account.ignored);
  const inside = chosen.filter(
    (room): room is JoinedRoom | LeftRoom => room.section === 'join' || room.section === 'leave',
  );
  const told = await readInside(db, book, request, since, inside, account);
  const doorstepsOf = (section: 'invite' | 'knock') =>
    doorsteps
      .filter(({ section: told, room }) => told === section && stripped.has(room.roomId))
      .map(({ room }) => [room.roomId, stripped.get(room.roomId)!] as const);
  return {
    join: Object.fromEntries(told.join),
    invite: Object.fromEntries(doorstepsOf('invite').map(([id, events]) => [id, { invite_state: { events } }])),
    knock: Object.fromEntries(doorstepsOf('knock').map(([id, events]) => [id, { knock_state: { events } }])),
    leave: Object.fromEntries(told.leave),
  };
}

async function readInside(
  db: Db,
  book: EventBook,
  request: SyncRequest,
  since: number,
  entries: readonly (JoinedRoom | LeftRoom)[],
  account: AccountNews,
) {
  const { userId, filter, fullState, useStateAfter } = request;
  const covered = entries.filter((entry) => !entry.isNew).map((entry) => entry.room.roomId);
  const known = await roomPositionsAt(db, covered, since);
  const windows = entries.map((entry) => windowOf(entry, { fullState, known }));
  const visible = await readTimelines({ db, book, userId, ignored: account.ignored }, windows, filter.timelineLimit);
  const changes = await readChanges(db, windows, visible);
  const timelines = useStateAfter ? visible : withoutOutdated(windows, visible, changes);
  const states = await readStates(db, windows, timelines, changes, useStateAfter);
  const notes = await readNotes(db, request, entries, account);
  const live = windows.filter(
    (window) => isNews(window, timelines, states) || (notes.get(window.entry.room.roomId) ?? []).length > 0,
  );
  const told = await tellTimelines({ db, book }, live, timelines, states, request.now);
  await book.load(live.flatMap((window) => keysOf(window, states)));
  const summarised = live.filter((w) => w.entry.section === 'join' && (w.full || stateOf(w, states).summaryMoved));
  const summaries = await readSummaries(
    db,
    book,
    userId,
    summarised.map((window) => window.entry.room),
  );
  const news = live.map((window) => {
    const { roomId } = window.entry.room;
    const events = told.get(roomId) ?? [];
    const news = roomNews(book, request, timelines.get(roomId)!, events, stateOf(window, states));
    return { window, roomId, told: { ...news, account_data: { events: notes.get(roomId) ?? [] } } };
  });
  const of = (section: 'join' | 'leave') => news.filter(({ window }) => window.entry.section === section);
  return {
    join: of('join').map(
      ({ roomId, told }) => [roomId, { ...told, summary: summaries.get(roomId) ?? {}, ...EMPTY_JOINED }] as const,
    ),
    leave: of('leave').map(({ roomId, told }) => [roomId, told] as const),
  };
}

/** Account data by room: what changed, and for a room that is new to the client all of it. */
async function readNotes(
  db: Db,
  { userId, since }: SyncRequest,
  entries: readonly (JoinedRoom | LeftRoom)[],
  { ofRooms }: AccountNews,
): Promise<ReadonlyMap<string, readonly AccountEvent[]>> {
  const fresh = since === null ? [] : entries.filter((entry) => entry.isNew).map((entry) => entry.room.roomId);
  return new Map([...ofRooms, ...(await readRoomAccountData(db, userId, fresh))]);
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
): Promise<ReadonlyMap<string, readonly ClientEvent[]>> {
  const rows = windows.flatMap((window) => timelines.get(window.entry.room.roomId)!.rows);
  const replaced = new Map(windows.flatMap((window) => [...stateOf(window, states).replaced]));
  const told = await tellRows(deps, rows, replaced, { now, withRoomId: false });
  return Map.groupBy(told, (_, n) => rows[n]!.event.roomId);
}

function roomNews(
  book: EventBook,
  { now, useStateAfter }: SyncRequest,
  { limited, start }: RoomTimeline,
  events: readonly ClientEvent[],
  { events: positions }: RoomStateDelta,
): RoomNews {
  const state = {
    events: positions.flatMap((position) => {
      const event = book.get(position);
      return event === undefined ? [] : [clientEvent(event, { now, withRoomId: false })];
    }),
  };
  return {
    timeline: { events, limited, prev_batch: timelineToken(start) },
    ...(useStateAfter ? { state_after: state } : { state }),
  };
}

/** The answer's token: usable after a restart, and again and again. */
export function nextBatch(news: SyncNews): string {
  return syncToken({ position: news.head, change: news.account.head });
}

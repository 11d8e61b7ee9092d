/** One answer of a sync: everything that concerns a user since a position, read from one snapshot of the log. */
import { forgottenRooms } from '../../../accounts/forgotten-rooms.ts';
import type { Db } from '../../../database/database.ts';
import { logHead } from '../../../log/read.ts';
import {
  outsideRoomsOfUser,
  roomPositionsAt,
  roomsOfUser,
  roomsWithoutMember,
  transitionsOfUser,
} from '../../../projections/sync-queries.ts';
import { sincePoint, syncToken } from '../pagination-token.ts';
import {
  readAccountHead,
  readAccountNews,
  readRoomAccountData,
  wantedNews,
  wantedNotes,
  type AccountEvent,
  type AccountNews,
} from './account-news.ts';
import { readDoorsteps, type StrippedState } from './doorsteps.ts';
import { openEventBook, type EventBook } from '../event-book.ts';
import type { SyncFilter } from './filter.ts';
import { joinedNews, readRoomNews, type JoinedNews, type RoomNews } from './room-news.ts';
import { isOutside, readEnded, stayOf } from './ended-outside.ts';
import { chooseSections, type DoorstepRoom, type JoinedRoom, type LeftRoom, type SectionRoom } from './sections.ts';
import { HEROES } from './summaries.ts';
import { windowOf } from './windows.ts';

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

export interface SyncRooms {
  readonly join: Readonly<Record<string, JoinedNews>>;
  readonly invite: Readonly<Record<string, { readonly invite_state: { readonly events: StrippedState } }>>;
  readonly knock: Readonly<Record<string, { readonly knock_state: { readonly events: StrippedState } }>>;
  readonly leave: Readonly<Record<string, RoomNews>>;
}

export interface SyncNews {
  /** The log's head in the snapshot that was read. */
  readonly head: number;
  readonly account: AccountNews;
  readonly rooms: SyncRooms;
  readonly isEmpty: boolean;
  /** The rooms whose events the user is waiting for, with the position of their member event. */
  readonly joined: ReadonlyMap<string, number>;
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
  const all = await readAccountNews(db, userId, accountHead, fullState ? null : (point?.change ?? null));
  const account = wantedNews(all, userId, filter);
  const outside = await outsideRoomsOfUser(db, userId);
  const elsewhere = new Set(outside.map(({ roomId }) => roomId));
  const standing = [...(await roomsOfUser(db, userId)).filter(({ roomId }) => !elsewhere.has(roomId)), ...outside];
  const transitions = await transitionsOfUser(db, userId, since ?? 0);
  const rooms = [...standing, ...(await roomsWithoutMember(db, transitions, standing))];
  const noted = new Set(account.ofRooms.keys());
  const forgotten = since === null && filter.includeLeave ? await forgottenRooms(db, userId) : NONE;
  const known = { rooms, transitions, noted, forgotten, invitesAgain: account.ignoredChanged };
  const chosen = chooseSections({ ...known, since, fullState, filter });
  const joined = new Map(
    rooms.filter((room) => room.membership === 'join').map((room) => [room.roomId, room.event] as const),
  );
  const news = await readRooms(db, request, since ?? 0, chosen, account);
  const isEmpty =
    account.events.length === 0 && Object.values(news).every((section) => Object.keys(section).length === 0);
  return { head, account, rooms: news, isEmpty, joined };
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
  const told = await readInside(db, book, request, since, inside.flatMap(stayOf), account);
  const ended = await readEnded(book, inside.filter(isOutside), new Map(told.leave), request);
  const doorstepsOf = (section: 'invite' | 'knock') =>
    doorsteps
      .filter(({ section: told, room }) => told === section && stripped.has(room.roomId))
      .map(({ room }) => [room.roomId, stripped.get(room.roomId)!] as const);
  return {
    join: Object.fromEntries(told.join),
    invite: Object.fromEntries(doorstepsOf('invite').map(([id, events]) => [id, { invite_state: { events } }])),
    knock: Object.fromEntries(doorstepsOf('knock').map(([id, events]) => [id, { knock_state: { events } }])),
    leave: Object.fromEntries([...told.leave, ...ended]),
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
  const { userId, fullState, useStateAfter, now } = request;
  const covered = entries.filter((entry) => !entry.isNew).map((entry) => entry.room.roomId);
  const known = await roomPositionsAt(db, covered, since);
  const windows = entries.map((entry) => windowOf(entry, { fullState, known }));
  const notes = await readNotes(db, request, entries, account);
  const { timelineLimit, timeline } = request.filter;
  const { ignored } = account;
  const wanted = { userId, timelineLimit, timeline, useStateAfter, now, ignored, heroes: HEROES };
  const told = await readRoomNews({ db, book }, wanted, windows, notes);
  const of = (section: 'join' | 'leave') => told.filter(({ window }) => window.entry.section === section);
  return {
    join: of('join').map((room) => [room.roomId, joinedNews(room, room.summary)] as const),
    leave: of('leave').map(({ roomId, news }) => [roomId, news] as const),
  };
}

/** Account data by room: what changed, and for a room that is new to the client all of it. */
async function readNotes(
  db: Db,
  { userId, since, filter }: SyncRequest,
  entries: readonly (JoinedRoom | LeftRoom)[],
  { ofRooms }: AccountNews,
): Promise<ReadonlyMap<string, readonly AccountEvent[]>> {
  const fresh = since === null ? [] : entries.filter((entry) => entry.isNew).map((entry) => entry.room.roomId);
  return new Map([...ofRooms, ...wantedNotes(await readRoomAccountData(db, userId, fresh), userId, filter)]);
}

/** The answer's token: usable after a restart, and again and again. */
export function nextBatch(news: SyncNews): string {
  return syncToken({ position: news.head, change: news.account.head });
}

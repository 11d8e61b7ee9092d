/** What a sync tells of the user's account data, and whom the user ignores. */
import {
  accountDataHead,
  accountDataOfRooms,
  accountDataSince,
  type AccountDataEntry,
} from '../../../accounts/account-data.ts';
import { ignoredIn, IGNORED_USERS } from '../../../accounts/ignored-users.ts';
import { PUSH_RULES } from '../../../accounts/push-rules.ts';
import type { Db } from '../../../database/database.ts';
import { shownContent } from '../own-account.ts';
import type { SyncFilter } from './filter.ts';

export interface AccountEvent {
  readonly type: string;
  readonly content: object;
}

export interface AccountNews {
  /** The number of the last change in the snapshot that was read. */
  readonly head: number;
  /** About no room in particular. */
  readonly events: readonly AccountEvent[];
  /** About rooms, by room. */
  readonly ofRooms: ReadonlyMap<string, readonly AccountEvent[]>;
  readonly ignored: ReadonlySet<string>;
  /** Somebody may not be ignored any more. */
  readonly ignoredChanged: boolean;
}

/** Where a user's account data stands. */
export interface AccountHead {
  readonly changes: number;
  readonly ignored: ReadonlySet<string>;
}

export async function readAccountHead(db: Db, userId: string): Promise<AccountHead> {
  const { changes, content } = await accountDataHead(db, userId, IGNORED_USERS);
  return { changes, ignored: ignoredIn(content, userId) };
}

/** What changed after a change of that number; with null all there is, and the push rules in any case. */
export async function readAccountNews(
  db: Db,
  userId: string,
  { changes, ignored }: AccountHead,
  since: number | null,
): Promise<AccountNews> {
  const entries = changes > (since ?? 0) ? await accountDataSince(db, userId, since ?? 0) : [];
  const global = entries.filter((entry) => entry.roomId === null);
  const events = global.map((entry) => eventOf(userId, entry));
  if (since === null && !global.some(({ type }) => type === PUSH_RULES))
    events.unshift({ type: PUSH_RULES, content: shownContent(userId, PUSH_RULES, null)! });
  const ignoredChanged = since !== null && global.some(({ type }) => type === IGNORED_USERS);
  return { head: changes, events, ofRooms: byRoom(userId, entries), ignored, ignoredChanged };
}

/** Without what the filter does not want. */
export function wantedNews(news: AccountNews, userId: string, filter: SyncFilter): AccountNews {
  const { wants } = filter.accountData;
  const events = news.events.filter(({ type }) => wants({ roomId: '', type, sender: userId, stateKey: null }));
  return { ...news, events, ofRooms: wantedNotes(news.ofRooms, userId, filter) };
}

/** The same of account data about rooms: rooms of which nothing is wanted are not in it. */
export function wantedNotes(notes: AccountNews['ofRooms'], userId: string, filter: SyncFilter): AccountNews['ofRooms'] {
  const { wants } = filter.roomAccountData;
  const wanted = [...notes].map(([roomId, events]) => {
    return [roomId, events.filter(({ type }) => wants({ roomId, type, sender: userId, stateKey: null }))] as const;
  });
  return new Map(wanted.filter(([, events]) => events.length > 0));
}

/** All account data about rooms that are new to the client. */
export async function readRoomAccountData(
  db: Db,
  userId: string,
  roomIds: readonly string[],
): Promise<ReadonlyMap<string, readonly AccountEvent[]>> {
  return byRoom(userId, await accountDataOfRooms(db, userId, roomIds));
}

function byRoom(userId: string, entries: readonly AccountDataEntry[]): ReadonlyMap<string, readonly AccountEvent[]> {
  const rooms = new Map<string, AccountEvent[]>();
  for (const entry of entries) {
    if (entry.roomId === null) continue;
    rooms.set(entry.roomId, [...(rooms.get(entry.roomId) ?? []), eventOf(userId, entry)]);
  }
  return rooms;
}

function eventOf(userId: string, { roomId, type, content }: AccountDataEntry): AccountEvent {
  return { type, content: roomId === null ? shownContent(userId, type, content)! : content };
}

/** One sync from its question to its answer: it reads, and waits while there is nothing to tell. */
import type { Db } from '../../../database/database.ts';
import type { Ending, Follower, Interest, Seen } from '../../../log/follow.ts';
import { wantsEveryRoom, wantsRoom, type SyncFilter } from './filter.ts';
import { createQuickSync, type QuickSync } from './quick-sync.ts';
import { readSync, type SyncNews } from './read-sync.ts';
import { createSeats } from './seats.ts';

const MAX_TIMEOUT_MS = 60_000;
const MAX_OPEN = 32;

const seats = createSeats(MAX_OPEN);
/** By the process' follower; a test may have several. */
const quickSyncs = new WeakMap<Follower, QuickSync>();

export interface SyncDeps {
  readonly db: Db;
  readonly follower: Follower;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface SyncAsk {
  readonly userId: string;
  readonly deviceId: string;
  /** The client's token; null for a first sync. */
  readonly since: string | null;
  readonly filter: SyncFilter;
  readonly fullState: boolean;
  readonly useStateAfter: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** A sync that has its seat, from its question to its answer. */
export interface OpenSync {
  /** Milliseconds since 1970: it does not wait any longer. */
  readonly deadline: number;
  /** Of its user's syncs one less. */
  leave(): void;
}

/** What was found, and where to wait when that is nothing. */
export interface Found {
  readonly news: SyncNews;
  /** Null: it is the answer. */
  readonly wait: { readonly interest: Interest; readonly seen: Seen; readonly timeoutMs: number } | null;
}

/** Throws M_LIMIT_EXCEEDED when too many syncs of the user are open. */
export function openSync({ now }: SyncDeps, { userId, timeout }: SyncAsk, ending: Ending): OpenSync {
  return { deadline: now() + Math.min(timeout, MAX_TIMEOUT_MS), leave: seats.take(userId, ending) };
}

/** What is new, from memory, in the turn that asks; null: it has to be read. Throws M_INVALID_PARAM for a token that is none. */
export function recallNews(deps: SyncDeps, ask: SyncAsk, open: OpenSync, ending: Ending): Found | null {
  const quick = quickSyncOf(deps.follower);
  const mark = deps.follower.mark();
  const news = quick.recall({ ...ask, now: deps.now() });
  if (news === null) return null;
  quick.remember(ask.userId, news, mark);
  return foundIn(deps, ask, open, ending, news, mark);
}

/** Reads what is new. Throws M_INVALID_PARAM for a token that is none. */
export async function findNews(deps: SyncDeps, ask: SyncAsk, open: OpenSync, ending: Ending): Promise<Found> {
  const { db, follower, now } = deps;
  const quick = quickSyncOf(follower);
  const mark = follower.mark();
  const request = { ...ask, now: now() };
  const news = (await quick.read(db, request)) ?? (await readSync(db, request));
  quick.remember(ask.userId, news, mark);
  return foundIn(deps, ask, open, ending, news, mark);
}

function foundIn(
  { now }: SyncDeps,
  { userId, since, filter, fullState }: SyncAsk,
  { deadline }: OpenSync,
  ending: Ending,
  news: SyncNews,
  mark: number,
): Found {
  const timeoutMs = deadline - now();
  if (since === null || fullState || !news.isEmpty || timeoutMs <= 0 || ending.over) return { news, wait: null };
  const interest = { userId, roomIds: roomsOfInterest(news, filter) };
  return { news, wait: { interest, seen: { position: news.head, mark }, timeoutMs } };
}

/**
 * Answers at once when there is something new, for a first sync and for a full state; otherwise waits up to `timeout`
 * for a commit that concerns the user, or for its `ending`. While it waits it costs no query. Throws as its parts do.
 */
export async function runSync(deps: SyncDeps, ask: SyncAsk, ending: Ending): Promise<SyncNews> {
  const open = openSync(deps, ask, ending);
  try {
    for (;;) {
      const { news, wait } = await findNews(deps, ask, open, ending);
      if (wait === null) return news;
      await deps.follower.wait(wait.interest, wait.seen, wait.timeoutMs, ending);
    }
  } finally {
    open.leave();
  }
}

function roomsOfInterest({ joined }: SyncNews, filter: SyncFilter): Interest['roomIds'] {
  if (wantsEveryRoom(filter)) return joined;
  return new Set([...joined.keys()].filter((roomId) => wantsRoom(filter, roomId)));
}

function quickSyncOf(follower: Follower): QuickSync {
  const known = quickSyncs.get(follower) ?? createQuickSync(follower);
  quickSyncs.set(follower, known);
  return known;
}

/** One sync from its question to its answer: it reads, and waits while there is nothing to tell. */
import type { Db } from '../../../database/database.ts';
import type { Ending, Follower } from '../../../log/follow.ts';
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

/**
 * Answers at once when there is something new, for a first sync and for a full state; otherwise waits up to `timeout`
 * for a commit that concerns the user, or for its `ending`. While it waits it costs no query. Throws M_INVALID_PARAM for a
 * token that is none, M_LIMIT_EXCEEDED when too many syncs of the user are open.
 */
export async function runSync({ db, follower, now }: SyncDeps, ask: SyncAsk, ending: Ending): Promise<SyncNews> {
  const { userId, deviceId, since, filter, fullState, useStateAfter, timeout } = ask;
  const deadline = now() + Math.min(timeout, MAX_TIMEOUT_MS);
  const quick = quickSyncOf(follower);
  const leave = seats.take(userId, ending);
  try {
    for (;;) {
      const mark = follower.mark();
      const request = { userId, deviceId, since, filter, fullState, useStateAfter, now: now() };
      const news = (await quick.read(db, request)) ?? (await readSync(db, request));
      quick.remember(userId, news, mark);
      const remaining = deadline - now();
      if (since === null || fullState || !news.isEmpty || remaining <= 0 || ending.over) return news;
      const roomIds = roomsOfInterest(news, filter);
      await follower.wait({ userId, roomIds }, { position: news.head, mark }, remaining, ending);
    }
  } finally {
    leave();
  }
}

function roomsOfInterest({ joined }: SyncNews, filter: SyncFilter): { keys(): Iterable<string> } {
  if (wantsEveryRoom(filter)) return joined;
  return new Set([...joined.keys()].filter((roomId) => wantsRoom(filter, roomId)));
}

function quickSyncOf(follower: Follower): QuickSync {
  const known = quickSyncs.get(follower) ?? createQuickSync(follower);
  quickSyncs.set(follower, known);
  return known;
}

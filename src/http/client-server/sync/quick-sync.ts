/** The common answer of a sync without a look at the user: news of rooms that they are known to be in, or none. */
import { LRUCache } from 'lru-cache';
import type { Db } from '../../../database/database.ts';
import type { Follower } from '../../../log/follow.ts';
import { parseSyncPoint } from '../pagination-token.ts';
import type { AccountNews } from './account-news.ts';
import { wantsRoom } from './filter.ts';
import type { SyncNews, SyncRequest } from './read-sync.ts';
import type { JoinedNews } from './room-news.ts';
import { createRecentNews } from './recent-news.ts';
import { sharedNews, tellTo, type RoomAsk, type SharedNews } from './shared-news.ts';

/** What the last answer to a user was made of. */
interface Standing {
  /** Of the log. */
  position: number;
  /** What the follower's mark() was before the answer was read. */
  mark: number;
  /** Number of the last change of the user's account data. */
  readonly change: number;
  readonly joined: ReadonlyMap<string, number>;
}

export interface QuickSync {
  /** The answer to a client that goes on from a token, or null when it has to be read for this user in particular. */
  read(db: Db, request: SyncRequest): Promise<SyncNews | null>;
  /** Keeps in mind what an answer says of its user. `mark`: the follower's, before it was read. */
  remember(userId: string, news: SyncNews, mark: number): void;
}

/** Rooms of users that are kept in mind, all together. */
const MAX_ROOMS = 500_000;

const NONE = new Set<string>();

/** It holds as long as nothing that the follower heard of concerns the user: no move in any room, no account data. */
export function createQuickSync(follower: Follower): QuickSync {
  const standings = new LRUCache<string, Standing>({
    maxSize: MAX_ROOMS,
    sizeCalculation: ({ joined }) => joined.size + 1,
  });
  const recent = createRecentNews(follower);

  const tell = async (db: Db, ask: RoomAsk): Promise<SharedNews> => {
    const remembered = recent.tell(ask);
    if (remembered !== null) return remembered;
    const news = await sharedNews(db, ask);
    recent.learn(ask, news);
    return news;
  };

  return {
    async read(db, request) {
      const { userId, since, filter, useStateAfter, fullState, now } = request;
      const standing = standings.get(userId);
      const particular = since === null || fullState || filter.timeline !== null;
      const point = particular ? null : parseSyncPoint(since);
      const to = follower.head();
      if (standing === undefined || point === null || point.position > to || point.change !== standing.change)
        return null;
      const from = point.position;
      const unmoved = { position: Math.min(from, standing.position), mark: standing.mark };
      if (follower.isNews({ userId, roomIds: NONE }, unmoved)) return null;
      const changed = follower.roomsSince(standing.joined.keys(), from);
      if (changed === null) return null;
      if (changed.length === 0) return told(to, point.change, standing, []);
      const roomIds = changed.filter((roomId) => wantsRoom(filter, roomId));
      const { timelineLimit } = filter;
      const asks = roomIds.map((roomId) => ({ roomId, from, to, timelineLimit, useStateAfter, now }));
      const shared = await Promise.all(asks.map((ask) => tell(db, ask)));
      const join: (readonly [string, JoinedNews])[] = [];
      for (const [n, news] of shared.entries()) {
        if (news === 'particular') return null;
        if (news.told === null) continue;
        const roomId = roomIds[n]!;
        const ofRoom = tellTo({ told: news.told }, userId, standing.joined.get(roomId)!);
        if (ofRoom === null) return null;
        join.push([roomId, ofRoom]);
      }
      return told(to, point.change, standing, join);
    },
    remember(userId, { head, account, joined }, mark) {
      // Whose messages somebody does not want to see is looked up for each answer.
      if (account.ignored.size > 0) {
        standings.delete(userId);
        return;
      }
      const standing = standings.peek(userId);
      // Told by this very standing, it only stands further on.
      if (standing?.joined === joined && standing.change === account.head)
        Object.assign(standing, { position: head, mark });
      else standings.set(userId, { position: head, mark, change: account.head, joined });
    },
  };
}

function told(
  head: number,
  change: number,
  { joined }: Standing,
  join: readonly (readonly [string, JoinedNews])[],
): SyncNews {
  const rooms = { join: Object.fromEntries(join), invite: {}, knock: {}, leave: {} };
  return { head, account: nothing(change), rooms, isEmpty: join.length === 0, joined };
}

function nothing(head: number): AccountNews {
  return { head, events: [], ofRooms: new Map(), ignored: NONE, ignoredChanged: false };
}

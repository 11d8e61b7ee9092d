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
  /** The answer to a client that goes on from a token, from memory; null when something of it has to be read. */
  recall(request: SyncRequest): SyncNews | null;
  /** The same with what has to be read of rooms; null when it has to be read for this user in particular. */
  read(db: Db, request: SyncRequest): Promise<SyncNews | null>;
  /** Keeps in mind what an answer says of its user. `mark`: the follower's, before it was read. */
  remember(userId: string, news: SyncNews, mark: number): void;
}

/** What an answer is made of, as far as the user's standing tells. */
interface Outline {
  readonly userId: string;
  /** Of the log. */
  readonly to: number;
  readonly standing: Standing;
  /** The rooms that have news. */
  readonly asks: readonly RoomAsk[];
}

/** Rooms of users that are kept in mind, all together. */
const MAX_ROOMS = 500_000;

const NONE = new Set<string>();

/**
 * It holds as long as nothing that the follower heard of concerns the user: no move in any room, no account data. While account
 * data of other processes may go unheard, it says nothing.
 */
export function createQuickSync(follower: Follower): QuickSync {
  const standings = new LRUCache<string, Standing>({
    maxSize: MAX_ROOMS,
    sizeCalculation: ({ joined }) => joined.size + 1,
  });
  const recent = createRecentNews(follower);

  const outline = (request: SyncRequest): Outline | null => {
    const { userId, since, filter, useStateAfter, fullState, now } = request;
    if (since === null || fullState || filter.timeline !== null || !follower.isHearing()) return null;
    const standing = standings.get(userId);
    const point = parseSyncPoint(since);
    const to = follower.head();
    if (standing === undefined || point === null || point.position > to || point.change !== standing.change)
      return null;
    const from = point.position;
    const unmoved = { position: Math.min(from, standing.position), mark: standing.mark };
    if (follower.isNews({ userId, roomIds: NONE }, unmoved)) return null;
    const changed = follower.roomsSince(standing.joined.keys(), from);
    if (changed === null) return null;
    const { timelineLimit } = filter;
    const asks = changed
      .filter((roomId) => wantsRoom(filter, roomId))
      .map((roomId) => ({ roomId, from, to, timelineLimit, useStateAfter, now }));
    return { userId, to, standing, asks };
  };

  const tell = async (db: Db, ask: RoomAsk): Promise<SharedNews> => {
    const remembered = recent.tell(ask);
    if (remembered !== null) return remembered;
    const news = await sharedNews(db, ask);
    recent.learn(ask, news);
    return news;
  };

  return {
    recall(request) {
      const outlined = outline(request);
      if (outlined === null) return null;
      const shared: SharedNews[] = [];
      for (const ask of outlined.asks) {
        const remembered = recent.tell(ask);
        if (remembered === null) return null;
        shared.push(remembered);
      }
      return told(outlined, shared);
    },
    async read(db, request) {
      const outlined = outline(request);
      return outlined === null ? null : told(outlined, await Promise.all(outlined.asks.map((ask) => tell(db, ask))));
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

/** `shared` by the asks of the outline; null where something looks different to this user. */
function told({ userId, to, standing, asks }: Outline, shared: readonly SharedNews[]): SyncNews | null {
  const join: Record<string, JoinedNews> = {};
  let isEmpty = true;
  for (const [n, news] of shared.entries()) {
    if (news === 'particular') return null;
    if (news.told === null) continue;
    const { roomId } = asks[n]!;
    const ofRoom = tellTo({ told: news.told }, userId, standing.joined.get(roomId)!);
    if (ofRoom === null) return null;
    join[roomId] = ofRoom;
    isEmpty = false;
  }
  const rooms = { join, invite: {}, knock: {}, leave: {} };
  return { head: to, account: nothing(standing.change), rooms, isEmpty, joined: standing.joined };
}

function nothing(head: number): AccountNews {
  return { head, events: [], ofRooms: new Map(), ignored: NONE, ignoredChanged: false };
}

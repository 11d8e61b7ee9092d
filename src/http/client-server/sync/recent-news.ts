/** What is new in a room as far as this process committed it itself: told without a look at the database. */
import type { Follower } from '../../../log/follow.ts';
import type { RecentMove } from '../../../log/recent-moves.ts';
import { boundedCache } from '../../../bounded-cache.ts';
import { timelineToken } from '../pagination-token.ts';
import type { ToldEvent } from '../client-event.ts';
import type { RoomAsk, SharedNews, SharedRoom } from './shared-news.ts';
import type { RoomSummary } from './summaries.ts';

export interface RecentNews {
  /** Null: it has to be read. */
  tell(ask: RoomAsk): { readonly told: SharedRoom } | null;
  /** Keeps in mind what was read: with the room's summary, what happens at its doors next can be told. */
  learn(ask: RoomAsk, news: SharedNews): void;
}

interface KnownSummary {
  /** Of the log: up to there it is known to be so. */
  position: number;
  readonly summary: RoomSummary;
}

interface Spelt {
  readonly told: SharedRoom;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const MAX_ROOMS = 10_000;
/** Of what is told again the age is the same, in milliseconds. */
const SAME_AGE_MS = 1_000;

export function createRecentNews({ recent }: Pick<Follower, 'recent'>): RecentNews {
  const summaries = boundedCache<KnownSummary>(MAX_ROOMS);
  /** By the last of its moves, so that nothing is kept of what is not remembered any more. */
  const spelt = new WeakMap<RecentMove, Map<string, Spelt>>();

  return {
    tell(ask) {
      const { roomId, from, to, timelineLimit, useStateAfter, now } = ask;
      const known = summaries.get(roomId);
      // Nobody came in or was invited meanwhile, and nothing else that a summary is made of.
      if (known === undefined || recent.since(roomId, known.position) === null) return null;
      known.position = Math.max(known.position, to);
      const moves = recent.since(roomId, from)?.filter(({ position }) => position <= to) ?? [];
      if (moves.length === 0 || moves.length > timelineLimit) return null;
      const ofLast = spelt.get(moves.at(-1)!) ?? new Map<string, Spelt>();
      const key = `${useStateAfter} ${moves.length}`;
      const before = ofLast.get(key);
      if (before !== undefined && before.told.summary === known.summary && now - before.at < SAME_AGE_MS)
        return { told: before.told };
      const told = toldRoom(moves, (event) => recent.at(roomId, event), known.summary, useStateAfter, now);
      if (told === null) return null;
      spelt.set(moves.at(-1)!, ofLast.set(key, { told, at: now }));
      return { told };
    },
    learn({ roomId, to }, news) {
      if (news === 'particular') return;
      const summary = news.told?.summary;
      if (summary !== undefined && (summaries.peek(roomId)?.position ?? -1) < to)
        summaries.set(roomId, { position: to, summary });
    },
  };
}

/** Null where one of them took the place of what is not remembered. */
function toldRoom(
  moves: readonly RecentMove[],
  moveAt: (event: number) => RecentMove | undefined,
  summary: RoomSummary,
  useStateAfter: boolean,
  now: number,
): SharedRoom | null {
  const events: ToldEvent[] = [];
  const replaced = new Map<number, number>();
  const after = new Map<string | null, ToldEvent>();
  for (const { event, previous } of moves) {
    const before = previous === null ? undefined : moveAt(previous)?.event;
    if (previous !== null && before === undefined) return null;
    if (previous !== null) replaced.set(event.position, previous);
    const place = before && { eventId: before.eventId, content: before.content };
    events.push({ event, options: { now, withRoomId: false, membership: 'join', replaced: place } });
    after.set(event.stateKey, { event, options: { now, withRoomId: false } });
  }
  const prev_batch = timelineToken({ anchor: moves[0]!.roomPosition, back: 0 });
  const state = useStateAfter ? { state_after: { events: [...after.values()] } } : { state: { events: [] } };
  return {
    news: { timeline: { events, limited: false, prev_batch }, ...state, account_data: { events: [] } },
    summary,
    replaced,
  };
}

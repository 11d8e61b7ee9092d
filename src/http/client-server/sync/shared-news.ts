/** What is new in a room for all who have been in it since the same point: read once, however many wait for it. */
import type { Db } from '../../../database/database.ts';
import { gathered } from '../../../database/gather.ts';
import { throughLookUps } from '../../../database/look-ups.ts';
import { roomSpans, type RoomSpan } from '../../../projections/sync-queries.ts';
import { openEventBook } from '../event-book.ts';
import { joinedNews, readRoomNews, type JoinedNews, type ToldRoom } from './room-news.ts';
import { HEROES, type RoomSummary } from './summaries.ts';
import type { RoomWindow } from './windows.ts';

export interface RoomAsk {
  readonly roomId: string;
  /** Positions of the log: after the one, up to and with the other. */
  readonly from: number;
  readonly to: number;
  readonly timelineLimit: number;
  readonly useStateAfter: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The same for every member; null: nothing. What is `particular` looks different to each, and has to be read for each. */
export type SharedNews = { readonly told: SharedRoom | null } | 'particular';

export type SharedRoom = Pick<ToldRoom, 'news' | 'summary' | 'replaced'>;

/** Between two points of a room's own count: the same for all whose tokens lie between the same of its events. */
interface Stretch extends Pick<RoomAsk, 'timelineLimit' | 'useStateAfter' | 'now'> {
  readonly roomId: string;
  readonly span: RoomSpan;
}

function keyOf({ roomId, from, to, timelineLimit, useStateAfter }: RoomAsk): string {
  return `${from} ${to} ${timelineLimit} ${useStateAfter} ${roomId}`;
}

/** What happened in a room, asked together with all that is asked in the same turn. */
export const sharedNews: (db: Db, ask: RoomAsk) => Promise<SharedNews> = gathered(readAll, { nameOf: keyOf });

async function readAll(db: Db, asks: readonly RoomAsk[]): Promise<readonly SharedNews[]> {
  const distinct = [...new Map(asks.map((ask) => [keyOf(ask), ask])).values()];
  const stretchOf = new Map<string, string>();
  const found = new Map<string, SharedNews>();
  // Whoever is woken asks this, some fifty times a second on a busy server.
  await throughLookUps(db)
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (snapshot) => {
      const stretches = new Map<string, Stretch>();
      for (const [n, span] of (await roomSpans(snapshot, distinct)).entries()) {
        if (span === null) continue;
        const ask = distinct[n]!;
        const key = keyOf({ ...ask, from: span.from, to: span.to });
        stretchOf.set(keyOf(ask), key);
        stretches.set(key, { ...ask, span });
      }
      for (const layer of layersOf([...stretches])) {
        const news = await readLayer(
          snapshot,
          layer.map(([, stretch]) => stretch),
        );
        for (const [n, [key]] of layer.entries()) found.set(key, news[n]!);
      }
    });
  return asks.map((ask) => found.get(stretchOf.get(keyOf(ask)) ?? '') ?? { told: null });
}

type KeyedStretch = readonly [key: string, stretch: Stretch];

/** What can be read together: of the same shape, each room once. */
function layersOf(stretches: readonly KeyedStretch[]): readonly (readonly KeyedStretch[])[] {
  const times = new Map<string, number>();
  const layers = Map.groupBy(stretches, ([, { roomId, timelineLimit, useStateAfter }]) => {
    const time = times.get(roomId) ?? 0;
    times.set(roomId, time + 1);
    return `${timelineLimit} ${useStateAfter} ${time}`;
  });
  return [...layers.values()];
}

async function readLayer(db: Db, stretches: readonly Stretch[]): Promise<readonly SharedNews[]> {
  const [{ timelineLimit, useStateAfter, now }] = stretches as [Stretch];
  const windows = stretches.map(({ roomId, span }) => windowOver(roomId, span));
  // Nobody in particular, who has always been there; one hero more, for one of them may be who is told.
  const anybody = { userId: '', ignored: new Set<string>(), timeline: null, heroes: HEROES + 1 };
  const request = { ...anybody, timelineLimit, useStateAfter, now };
  const told = await readRoomNews({ db, book: openEventBook(db) }, request, windows, new Map());
  const byRoom = new Map(told.map((room) => [room.roomId, room]));
  return stretches.map(({ roomId }) => {
    const room = byRoom.get(roomId) ?? null;
    return room === null || isPlain(room, timelineLimit) ? { told: room } : 'particular';
  });
}

function windowOver(roomId: string, { from, to, ...room }: RoomSpan): RoomWindow {
  const always = { roomId, membership: 'join', event: 0, since: 0, roomPosition: to, ...room } as const;
  return {
    entry: { section: 'join', room: always, isNew: false },
    stretches: [{ roomId, from, to }],
    end: to,
    full: false,
  };
}

/** Everything of the window is in the timeline, or was cut off for nothing but its length. */
function isPlain({ timeline }: ToldRoom, timelineLimit: number): boolean {
  const { rows, limited } = timeline;
  return (!limited || rows.length === timelineLimit) && rows.every(({ row }) => row.afterLine === 0 && row.back === 0);
}

/**
 * The room as it is told to a member, whose own member event stands at `memberEvent`; or null when this member has to be
 * told something else: a transaction id, or less than what an event took the place of.
 */
export function tellTo(
  { told }: { readonly told: SharedRoom },
  userId: string,
  memberEvent: number,
): JoinedNews | null {
  for (const { event } of told.news.timeline.events) {
    if (event.sender === userId && event.stateKey === null) return null;
    const before = told.replaced.get(event.position);
    if (before !== undefined && before < memberEvent) return null;
  }
  const summary = summaryFor(told.summary, userId);
  if (summary !== told.summary) return summary === null ? null : joinedNews(told, summary);
  const same = tellings.get(told) ?? joinedNews(told, summary);
  tellings.set(told, same);
  return same;
}

/** What is told to everybody alike is one object, so that its text is made once. */
const tellings = new WeakMap<SharedRoom, JoinedNews>();

/** Null: whom else the room can be called by is not known. */
function summaryFor(summary: RoomSummary | undefined, userId: string): RoomSummary | undefined | null {
  const heroes = summary?.['m.heroes'];
  if (summary === undefined || heroes === undefined) return summary;
  const others = heroes.filter((hero) => hero !== userId).slice(0, HEROES);
  return others.length === 0 ? null : { ...summary, 'm.heroes': others };
}

/** The source of every subscription: the transitions that the viewer sees after a position, history first, then as they are committed. */
import { isBounded } from '../../access/scopes.ts';
import { ALL_TRANSITIONS, transitionsIn, type Follower, type Interest } from '../../log/follow.ts';
import type { TransitionRow } from '../../log/transition-queries.ts';
import { viewerOf, type Context, type Live } from '../context.ts';
import type { Scope } from '../filters.ts';
import { EVERYTHING, transitionList } from '../lists.ts';
import { MAX_PAGE } from '../paging.ts';
import type { TransitionFilter } from '../schema.generated.ts';
import { visible } from '../sight.ts';

/** A wait that nothing ends is begun again. */
const WAIT_MS = 60_000;
/**
 * Positions that are looked at with one statement: a filter that hardly anything is like must not read a long log in one, for as
 * long as that takes and for somebody who may be gone.
 */
export const STRETCH = 50_000;

export interface NewsWanted {
  readonly where: TransitionFilter;
  /** Exclusive; null: what is committed from now on. */
  readonly after: number | null;
}

/** A transition, and what its viewer sees at the moment it is sent. */
export interface News {
  readonly row: TransitionRow;
  readonly context: Context;
}

/**
 * Transitions in the order of the log, each once, until its ending. Positions are gapless and in the order of commits, so
 * whatever is not there up to the head that was read, never will be. Rows that the viewer may not see when they would be
 * sent are left out. Throws M_UNKNOWN_TOKEN.
 */
export async function* readNews(follower: Follower, live: Live, wanted: NewsWanted): AsyncGenerator<News, void> {
  let position = wanted.after ?? follower.head();
  while (!live.ending.over) {
    // Before anything is read: what is committed meanwhile is for the next round.
    const [head, mark] = [follower.head(), follower.mark()];
    const context = await live.context();
    const { interest, rooms } = await watchedBy(context);
    const to = Math.min(head, position + STRETCH);
    const rows = position >= to ? [] : await readRows(follower, context, rooms, { ...wanted, position, to });
    for (const row of rows) {
      const now = await live.context('again');
      if (live.ending.over) return;
      // With the same loaders nothing was committed since it was read, by what the viewer saw then.
      const isSeen = now.loaders === context.loaders || (await visible(now, row)) !== null;
      if (isSeen) yield { row, context: now };
      position = row.position;
    }
    if (rows.length >= MAX_PAGE) continue;
    // Never back: who comes from another process may be ahead of what this one has heard.
    position = Math.max(position, to);
    if (to < head) continue;
    await follower.wait(interest, { position, mark }, WAIT_MS, live.ending);
  }
}

interface Watched {
  readonly interest: Interest;
  /** The rooms by what they are waited for; null: all that there are. */
  readonly rooms: ReadonlyMap<string, string> | null;
}

// All rooms that the viewer is in: who keeps their doors is looked at when there is something to send.
async function watchedBy(context: Context): Promise<Watched> {
  const viewer = viewerOf(context);
  const { userId } = viewer;
  if (viewer.admin || isBounded(viewer)) {
    return { interest: { userId, roomIds: new Set([ALL_TRANSITIONS]) }, rooms: null };
  }
  const memberships = await context.loaders.memberships.load(userId);
  const joined = memberships.filter(({ membership }) => membership === 'join');
  const rooms = new Map(joined.map(({ roomId }) => [transitionsIn(roomId), roomId]));
  return { interest: { userId, roomIds: rooms }, rooms };
}

async function readRows(
  follower: Follower,
  context: Context,
  watched: Watched['rooms'],
  { where, position, to }: NewsWanted & { readonly position: number; readonly to: number },
): Promise<readonly TransitionRow[]> {
  const list = (scope: Scope) =>
    transitionList(context, { ...scope, from: position + 1, to }, { where, first: MAX_PAGE });
  // Rooms in which nothing has happened need not be looked at: of a thousand rooms that is all but one.
  const changed = watched === null ? null : follower.roomsSince(watched.keys(), position);
  if (changed === null) return (await list(EVERYTHING)).rows;
  const [kept, own] = await Promise.all([
    list({ roomIds: changed.map((name) => watched!.get(name)!), userIds: null }),
    // These are in rooms that one is not in, too.
    list({ roomIds: null, userIds: [viewerOf(context).userId] }),
  ]);
  const rows = new Map([...kept.rows, ...own.rows].map((row) => [row.position, row]));
  return [...rows.values()].toSorted((a, b) => a.position - b.position).slice(0, MAX_PAGE);
}

/** A page of a room's timeline as one reader sees it, in either direction. */
import type { TimelinePage, TimelinePoint } from '../../../log/read.ts';
import { timeline } from '../../../log/read.ts';
import { pointAfter } from '../pagination-token.ts';
import type { EventFilter } from './event-filter.ts';
import { seenRows, type SeenRow, type SightDeps } from './sight.ts';
import type { Standpoint } from './standpoint.ts';

export interface HistoryPage {
  /** In the direction asked for. */
  readonly rows: readonly SeenRow[];
  /** Where to go on from; null: there is nothing more. */
  readonly next: TimelinePoint | null;
}

// A reader may see nothing of a long history: a request looks at about this many events, and the next one goes on from there.
const MAX_LOOKED_AT = 1_000;
const AT_ONCE = 250;

/** Up to `limit` events of the stretch that the reader sees and the filter wants. */
export async function readHistory(
  deps: SightDeps,
  standpoint: Standpoint,
  { wants, wantsContent }: EventFilter,
  { dir, from, upTo, limit }: TimelinePage,
): Promise<HistoryPage> {
  const { roomId } = standpoint;
  const seen: SeenRow[] = [];
  let next: TimelinePoint | null = dir === 'f' ? from : upTo;
  let lookedAt = 0;
  // One more than wanted tells whether there is more.
  while (next !== null && seen.length <= limit && lookedAt < MAX_LOOKED_AT) {
    const size = lookedAt === 0 ? limit + 1 : AT_ONCE;
    const stretch: Pick<TimelinePage, 'from' | 'upTo'> = dir === 'f' ? { from: next, upTo } : { from, upTo: next };
    const rows = await timeline(deps.db, roomId, { dir, ...stretch, limit: size });
    const asked = rows.filter((row) => wants({ roomId, ...row })).map((row) => ({ standpoint, row }));
    seen.push(...(await seenRows(deps, asked)).filter(({ event }) => wantsContent(event.content)));
    lookedAt += rows.length;
    next = rows.length < size ? null : pointBehind(dir, rows.at(-1)!);
  }
  if (seen.length <= limit) return { rows: seen, next };
  const rows = seen.slice(0, limit);
  const last = rows.at(-1)?.row;
  return { rows, next: last === undefined ? (dir === 'f' ? from : upTo) : pointBehind(dir, last) };
}

/** Where a reader who goes this way stands once they have passed an event. */
function pointBehind(dir: 'b' | 'f', row: TimelinePoint): TimelinePoint {
  return dir === 'f' ? pointAfter(row) : { anchor: row.anchor, back: row.back };
}

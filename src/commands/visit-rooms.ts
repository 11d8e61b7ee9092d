/** Does something in each of many rooms: page by page, a few at a time, until none is left to visit. */
import type { Logger } from 'pino';
import { MatrixError } from '../matrix/errors.ts';
import type { RoomId } from '../matrix/identifiers.ts';
import { databaseAway } from './lanes/connection-loss.ts';

export interface RoomTour {
  /** Aborts when the server is about to stop. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

export interface RoomVisits {
  /** Of the rooms after `after`, up to `limit` looked at, those to be visited; `next`: from where to go on, null at the end. */
  readonly page: (
    after: string,
    limit: number,
  ) => Promise<{ readonly rooms: readonly RoomId[]; readonly next: string | null }>;
  readonly visit: (roomId: RoomId) => Promise<void>;
}

const PAGE = 100;
const AT_ONCE = 8;

/**
 * Visits rooms, and begins again until a round finds none but those that refused: what was on its way while the first round
 * looked is seen by the next. Rejects, after a whole round, when some have to be visited later; at once when the server stops.
 */
export async function visitRooms(tour: RoomTour, { page, visit }: RoomVisits): Promise<void> {
  const refused = new Set<RoomId>();
  for (let visited = 1; visited > 0;) {
    visited = 0;
    const later: unknown[] = [];
    for (let after: string | null = ''; after !== null;) {
      const { rooms, next } = await page(after, PAGE);
      const left = rooms.filter((roomId) => !refused.has(roomId));
      visited += left.length;
      await eachOf(left, async (roomId) => {
        tour.signal.throwIfAborted();
        try {
          await visit(roomId);
        } catch (error) {
          if (isForNow(error)) later.push(error);
          else refused.add(roomId);
          tour.log.warn({ room: roomId, err: error }, 'a room was not told what all rooms of a user are told');
        }
      });
      after = next;
    }
    if (later.length > 0) throw new AggregateError(later, 'Some rooms could not be told.');
  }
}

/** Whether the same may succeed later. */
function isForNow(error: unknown): boolean {
  if (!(error instanceof MatrixError)) return databaseAway(error) !== null;
  return error.status === 503 || error.errcode === 'M_LIMIT_EXCEEDED';
}

async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const walk = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  // All of them end before this does: nothing may go on behind a failure.
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, walk));
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

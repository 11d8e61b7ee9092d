/** How many syncs one user may have open: each costs memory while it waits, and a read of the log when it is woken. */
import { endNow, type Ending } from '../../../log/follow.ts';
import { MatrixError } from '../../../matrix/errors.ts';

export interface Seats {
  /**
   * Seats a sync; newer syncs of the user that need the seat end it: what waits answers at once. Returns how it leaves. Throws
   * M_LIMIT_EXCEEDED while too many syncs of the user are open that do not wait and cannot be sent away.
   */
  take(userId: string, ending: Ending): () => void;
}

/**
 * Of `max` open syncs of a user the oldest gives way to the next: a client that lost its connection comes back before the
 * server knows.
 */
export function createSeats(max: number): Seats {
  const taken = new Map<string, Set<Ending>>();
  return {
    take(userId, ending) {
      const seats = taken.get(userId) ?? new Set<Ending>();
      if (seats.size >= 2 * max) {
        throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many syncs of this user are open.', { retry_after_ms: 1_000 });
      }
      taken.set(userId, seats.add(ending));
      if (seats.size > max) sendAway(seats, max);
      return () => {
        seats.delete(ending);
        if (seats.size === 0) taken.delete(userId);
      };
    },
  };
}

function sendAway(seats: ReadonlySet<Ending>, max: number): void {
  const staying = [...seats].filter(({ over }) => !over);
  if (staying.length > max) endNow(staying[0]!);
}

/** How many syncs one user may have open: each costs memory while it waits, and a read of the log when it is woken. */
import { MatrixError } from '../../../matrix/errors.ts';

export interface Seat {
  /** Aborts when newer syncs of the user need the seat, or the sync has come to its end: what waits answers at once. */
  readonly given: AbortSignal;
  leave(): void;
}

export interface Seats {
  /**
   * `end`: of the request. Throws M_LIMIT_EXCEEDED while too many syncs of the user are open that do not wait and cannot be sent
   * away.
   */
  take(userId: string, end: AbortSignal): Seat;
}

/**
 * Of `max` open syncs of a user the oldest gives way to the next: a client that lost its connection comes back before the
 * server knows.
 */
export function createSeats(max: number): Seats {
  const taken = new Map<string, Set<AbortController>>();
  return {
    take(userId, end) {
      const seats = taken.get(userId) ?? new Set<AbortController>();
      if (seats.size >= 2 * max) {
        throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many syncs of this user are open.', { retry_after_ms: 1_000 });
      }
      const seat = new AbortController();
      if (end.aborted) seat.abort(end.reason);
      end.addEventListener('abort', () => seat.abort(end.reason), { once: true });
      taken.set(userId, seats.add(seat));
      const staying = [...seats].filter(({ signal }) => !signal.aborted);
      if (staying.length > max) staying[0]!.abort();
      return {
        given: seat.signal,
        leave() {
          seats.delete(seat);
          if (seats.size === 0) taken.delete(userId);
        },
      };
    },
  };
}

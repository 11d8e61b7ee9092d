/** What a process has heard of commits: how far the log goes, and in which rooms and of whom something is new since when. */
import { createNewestNumbers } from './newest-numbers.ts';
import type { Interest, Seen } from './waiters.ts';

export interface NewsBook {
  /** The last position known to be durable. */
  readonly head: () => number;
  /** Of what users keep outside of the log: grows with each touch. */
  readonly mark: () => number;
  /** Whether something of interest came after what was `seen`; true also where that is not remembered. */
  readonly isNews: (interest: Interest, seen: Seen) => boolean;
  /** Those of the rooms in which something was committed after a position; null where that is not remembered. */
  readonly roomsSince: (roomIds: Iterable<string>, position: number) => readonly string[] | null;
  /** The log goes up to `position`, which is after the head: what is new concerns these names. Null: nobody knows what it concerns. */
  advance(position: number, names: ReadonlySet<string> | null): void;
  touch(userId: string): void;
  /** Anybody may have been touched. */
  touchAll(): void;
}

/** Rooms and users whose last position is remembered; of anything older a waiter is woken for nothing. */
const MAX_REMEMBERED = 100_000;

/** Nothing is known of what was committed up to `from`. */
export function createNewsBook(from: number): NewsBook {
  let head = from;
  const changed = createNewestNumbers(MAX_REMEMBERED, from);
  let touches = 0;
  const touched = createNewestNumbers(MAX_REMEMBERED);
  return {
    head: () => head,
    mark: () => touches,
    isNews({ userId, roomIds }, { position, mark }) {
      if (touched.isAfter(userId, mark)) return true;
      if (position >= head) return false;
      if (changed.isAfter(userId, position)) return true;
      for (const roomId of roomIds.keys()) if (changed.isAfter(roomId, position)) return true;
      return false;
    },
    roomsSince(roomIds, position) {
      if (position >= head) return [];
      return changed.reaches(position) ? [...roomIds].filter((roomId) => changed.isAfter(roomId, position)) : null;
    },
    advance(position, names) {
      head = position;
      if (names === null) changed.forget(position);
      else for (const name of names) changed.note(name, position);
    },
    touch: (userId) => touched.note(userId, (touches += 1)),
    touchAll: () => touched.forget((touches += 1)),
  };
}

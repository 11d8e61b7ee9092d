/** Wakes whoever waits for news of rooms or of a user: a hint after each commit; what is new is read from the log. */
import { LRUCache } from 'lru-cache';
import type { Appended } from './append.ts';

export interface Interest {
  readonly userId: string;
  /** The rooms whose events the user sees: the keys of a set or of a map. */
  readonly roomIds: { keys(): Iterable<string> };
}

/** How far somebody has read. */
export interface Seen {
  /** Of the log. */
  readonly position: number;
  /** What mark() said before reading, for what users keep outside of the log. */
  readonly mark: number;
}

/**
 * How a wait comes to its end before its time. Lighter than an AbortSignal: a poll needs one, and there are thousands a second.
 */
export interface Ending {
  /** Nobody waits any more, or begins to. */
  over: boolean;
  /** Of the wait that there is. */
  release: (() => void) | null;
}

export function createEnding(): Ending {
  return { over: false, release: null };
}

export function endNow(ending: Ending): void {
  ending.over = true;
  ending.release?.();
}

export interface Follower {
  /** The last position known to be durable. */
  head(): number;
  mark(): number;
  /** Whether something of interest was committed after what was `seen`; true also where that is not remembered. */
  isNews(interest: Interest, seen: Seen): boolean;
  /** Those of the rooms in which something was committed after a position; null where that is not remembered. */
  roomsSince(roomIds: Iterable<string>, position: number): readonly string[] | null;
  /**
   * Resolves when something of interest was committed after what was `seen`, at once if it already was, or after
   * `timeoutMs`, or at its `ending`, which has one wait at a time. It may resolve for nothing: read and wait again.
   */
  wait(interest: Interest, seen: Seen, timeoutMs: number, ending: Ending): Promise<void>;
  /** Tells of a commit to the log. */
  publish(appended: Appended): void;
  /** Tells, after the commit, that something changed which a user keeps outside of the log. */
  touch(userId: string): void;
  /** Resolves everybody's wait. */
  wakeAll(): void;
  /** How many wait right now. */
  waiting(): number;
}

/** Rooms and users whose last position is remembered; of anything older a waiter is woken for nothing. */
const MAX_REMEMBERED = 100_000;

export function createFollower(initialHead: number): Follower {
  let head = initialHead;
  // Nothing is known of what was committed before this process.
  const changed = createMemory(initialHead);
  let touches = 0;
  const touched = createMemory(0);
  const waiters = new Map<string, Set<() => void>>();
  let waiting = 0;

  const isNews = ({ userId, roomIds }: Interest, { position, mark }: Seen): boolean => {
    if (touched.isAfter(userId, mark)) return true;
    if (position >= head) return false;
    if (changed.isAfter(userId, position)) return true;
    for (const roomId of roomIds.keys()) if (changed.isAfter(roomId, position)) return true;
    return false;
  };

  return {
    head: () => head,
    mark: () => touches,
    isNews,
    roomsSince(roomIds, position) {
      if (position >= head) return [];
      return changed.reaches(position) ? [...roomIds].filter((roomId) => changed.isAfter(roomId, position)) : null;
    },
    async wait(interest, seen, timeoutMs, ending) {
      if (ending.over || timeoutMs <= 0 || isNews(interest, seen)) return;
      waiting += 1;
      await waitFor(waiters, [interest.userId, ...interest.roomIds.keys()], timeoutMs, ending);
      waiting -= 1;
    },
    publish(appended) {
      head = appended.head;
      const names = new Set<string>();
      for (const { judged } of appended.events) {
        names.add(judged.roomId);
        for (const { userId } of judged.transitions) names.add(userId);
      }
      for (const name of names) changed.note(name, head);
      for (const name of names) wake(waiters, name);
    },
    touch(userId) {
      touched.note(userId, (touches += 1));
      wake(waiters, userId);
    },
    wakeAll() {
      for (const name of [...waiters.keys()]) wake(waiters, name);
    },
    waiting: () => waiting,
  };
}

/** The newest number of each name, as far as there is room for names. */
function createMemory(from: number) {
  let forgotten = from;
  const newest = new LRUCache<string, number>({
    max: MAX_REMEMBERED,
    dispose: (number, _name, reason) => {
      if (reason === 'evict') forgotten = Math.max(forgotten, number);
    },
  });
  return {
    note: (name: string, number: number) => void newest.set(name, number),
    /** Nothing after that number is forgotten. */
    reaches: (number: number): boolean => number >= forgotten,
    /** The name has a newer number; also true where that is forgotten. Asking keeps nothing longer: the oldest number goes first. */
    isAfter: (name: string, number: number): boolean => number < forgotten || (newest.peek(name) ?? 0) > number,
  };
}

function wake(waiters: Map<string, Set<() => void>>, name: string): void {
  for (const release of [...(waiters.get(name) ?? [])]) release();
}

async function waitFor(
  waiters: Map<string, Set<() => void>>,
  names: readonly string[],
  timeoutMs: number,
  ending: Ending,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const name of names) {
    const waiting = waiters.get(name);
    if (waiting === undefined) waiters.set(name, new Set([resolve]));
    else waiting.add(resolve);
  }
  const timer = setTimeout(resolve, timeoutMs);
  ending.release = resolve;
  await promise;
  ending.release = null;
  clearTimeout(timer);
  for (const name of names) {
    const waiting = waiters.get(name);
    waiting?.delete(resolve);
    if (waiting?.size === 0) waiters.delete(name);
  }
}

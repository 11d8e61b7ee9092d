/** Wakes whoever waits for news of rooms or of a user: a hint soon after each commit; what is new is read from the log. */
import { createPace } from '../database/pace.ts';
import type { Appended } from './append.ts';
import { createNewsBook, type NewsBook } from './news-book.ts';
import { createRecentMoves, type RecentMoves } from './recent-moves.ts';
import { createWaiters, type Ending, type Interest, type Seen, type Waiters } from './waiters.ts';

export { createEnding, endNow, type Ending, type Interest, type Seen } from './waiters.ts';

export interface Follower extends Pick<NewsBook, 'head' | 'mark' | 'isNews' | 'roomsSince'> {
  /**
   * Resolves when something of interest was committed after what was `seen`, at once if it already was, or after
   * `timeoutMs`, or at its `ending`, which has one wait at a time. It may resolve for nothing: read and wait again.
   */
  wait(interest: Interest, seen: Seen, timeoutMs: number, ending: Ending): Promise<void>;
  /** The same for those who hold nothing open meanwhile: calls `done` once, before it returns or later. */
  call(interest: Interest, seen: Seen, timeoutMs: number, ending: Ending, done: () => void): void;
  /** What was committed by this process last, as far as it is remembered. */
  readonly recent: Pick<RecentMoves, 'since' | 'at'>;
  /** Tells of a commit to the log. */
  publish(appended: Appended): void;
  /** Tells what others committed, up to a position: as namesOf() tells it; null: nobody knows what it concerns. */
  hear(position: number, names: ReadonlySet<string> | null): void;
  /** Tells, after the commit, that something changed which a user keeps outside of the log. */
  touch(userId: string): void;
  /** From now on every touch is told, also those of other processes: whoever read before that has to read again. */
  hears(): void;
  /** Touches of other processes may be missed, until it hears. So it is at first. */
  isDeaf(): void;
  isHearing(): boolean;
  /** How many wait right now. */
  waiting(): number;
}

/** What is committed in a room, or anywhere, as far as it changes memberships: names to wait for beside rooms and users. */
export const transitionsIn = (roomId: string): string => `+${roomId}`;
export const ALL_TRANSITIONS = '+';

/** Whom a commit concerns: its rooms, the users whose membership it changes, and those who wait for transitions. */
function namesOf({ events }: Appended): Set<string> {
  const names = new Set<string>();
  for (const { judged } of events) {
    names.add(judged.roomId);
    if (judged.transitions.length === 0) continue;
    names.add(transitionsIn(judged.roomId)).add(ALL_TRANSITIONS);
    for (const { userId } of judged.transitions) names.add(userId);
  }
  return names;
}

/** Commits that follow each other faster wake together: one reading then serves all whom they woke. */
const WAKE_EVERY_MS = 10;

export function createFollower(initialHead: number): Follower {
  const book = createNewsBook(initialHead);
  const recent = createRecentMoves(initialHead);
  const waiters = createWaiters(book.isNews);
  const wakeSoon = wakingOf(waiters);
  let hearing = false;
  const call: Follower['call'] = (interest, seen, timeoutMs, ending, done) => {
    if (ending.over || timeoutMs <= 0 || book.isNews(interest, seen)) done();
    else waiters.add({ interest, seen, ending, done }, timeoutMs);
  };

  return {
    head: book.head,
    mark: book.mark,
    isNews: book.isNews,
    roomsSince: book.roomsSince,
    wait: (interest, seen, timeoutMs, ending) =>
      new Promise((resolve) => call(interest, seen, timeoutMs, ending, resolve)),
    call,
    recent,
    publish(appended) {
      const remembered = recent.note(appended);
      if (appended.head <= book.head()) return;
      const names = namesOf(appended);
      book.advance(appended.head, names);
      // For those in the room nothing has to be read: they are told before whoever did it is answered.
      const atOnce = new Set(remembered ? appended.events.map(({ judged }) => judged.roomId) : []);
      for (const roomId of atOnce) names.delete(roomId);
      wakeSoon(names);
      waiters.wake(atOnce);
    },
    hear(position, names) {
      recent.forget(position);
      if (position <= book.head()) return;
      book.advance(position, names);
      if (names === null) waiters.wakeAll();
      else wakeSoon(names);
    },
    touch(userId) {
      book.touch(userId);
      waiters.wake([userId]);
    },
    hears() {
      if (hearing) return;
      hearing = true;
      book.touchAll();
      waiters.wakeAll();
    },
    isDeaf: () => void (hearing = false),
    isHearing: () => hearing,
    waiting: () => waiters.count(),
  };
}

/** Wakes whom names concern, soon and all of them together. */
function wakingOf(waiters: Waiters): (names: ReadonlySet<string>) => void {
  let woken = new Set<string>();
  const wake = createPace(WAKE_EVERY_MS, () => {
    const names = woken;
    woken = new Set();
    waiters.wake(names);
  });
  return (names) => {
    for (const name of names) woken.add(name);
    wake();
  };
}

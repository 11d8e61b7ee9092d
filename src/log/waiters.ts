/** Those who wait for news: what each of them waits for, and how their waits end. */

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

export interface Waiter {
  readonly interest: Interest;
  readonly seen: Seen;
  readonly ending: Ending;
  /** Called once. */
  readonly done: () => void;
}

export interface Waiters {
  add(waiter: Waiter, timeoutMs: number): void;
  /**
   * Ends the waits of those for whom there is news of rooms or users: who came back meanwhile may have been told already.
   * Of very many, the first at once and the others in later turns of the event loop.
   */
  wake(names: Iterable<string>): void;
  /** The same for everybody. */
  wakeAll(): void;
  count(): number;
}

interface Waiting extends Waiter {
  readonly names: readonly string[];
  /** Null: it does not wait any more. */
  timer: NodeJS.Timeout | null;
}

/** Woken in one turn, which they take less than a tenth of a second of: nothing else waits for longer. */
const AT_ONCE = 1_000;

export function createWaiters(isNews: (interest: Interest, seen: Seen) => boolean): Waiters {
  const byName = new Map<string, Set<Waiting>>();
  let count = 0;

  const release = (waiting: Waiting): void => {
    if (waiting.timer === null) return;
    clearTimeout(waiting.timer);
    waiting.timer = null;
    waiting.ending.release = null;
    for (const name of waiting.names) {
      const others = byName.get(name);
      others?.delete(waiting);
      if (others?.size === 0) byName.delete(name);
    }
    count -= 1;
    waiting.done();
  };

  /** Whoever waits for these is woken in later turns: one after the other, however many commits there are meanwhile. */
  const later = new Set<string>();
  const wakeLater = (names: readonly string[]): void => {
    if (later.size === 0) {
      setImmediate(() => {
        const due = [...later];
        later.clear();
        wake(due);
      });
    }
    for (const name of names) later.add(name);
  };

  const wake: Waiters['wake'] = (names) => {
    const due = [...names];
    let woken = 0;
    for (const [n, name] of due.entries()) {
      for (const waiting of [...(byName.get(name) ?? [])]) {
        if (!isNews(waiting.interest, waiting.seen)) continue;
        // The other rooms come first then: none waits for the end of a busy one.
        if (woken === AT_ONCE) return wakeLater([...due.slice(n + 1), name]);
        release(waiting);
        woken += 1;
      }
    }
  };

  return {
    add(waiter, timeoutMs) {
      const names = [waiter.interest.userId, ...waiter.interest.roomIds.keys()];
      const waiting: Waiting = { ...waiter, names, timer: null };
      waiting.timer = setTimeout(release, timeoutMs, waiting);
      waiter.ending.release = () => release(waiting);
      for (const name of names) {
        const others = byName.get(name);
        if (others === undefined) byName.set(name, new Set([waiting]));
        else others.add(waiting);
      }
      count += 1;
    },
    wake,
    wakeAll: () => wake(byName.keys()),
    count: () => count,
  };
}

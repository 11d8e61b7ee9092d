/** So many at once: who comes when all turns are taken waits for one, in the order of coming. */
export interface Turns {
  /** How many wait. */
  waiting(): number;
  /** Does the work in its turn. Rejects with the signal's reason when it aborts before that. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function createTurns(atOnce: number): Turns {
  let taken = 0;
  const queue = new Set<() => void>();
  const turn = async (signal: AbortSignal | undefined): Promise<void> => {
    if (taken < atOnce) {
      taken += 1;
      return;
    }
    const called = Promise.withResolvers<void>();
    const call = (): void => called.resolve();
    const stop = (): void => {
      queue.delete(call);
      called.reject(signal?.reason);
    };
    queue.add(call);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await called.promise;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  };
  const leave = (): void => {
    const [next] = queue;
    // Whoever is called takes over the turn.
    if (next === undefined) taken -= 1;
    else {
      queue.delete(next);
      next();
    }
  };
  return {
    waiting: () => queue.size,
    async run(work, signal) {
      await turn(signal);
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}

/** Turns by name: of what has the same one is begun when what was begun before has ended. In this process' memory. */

export type KeyedTurns = <T>(key: string, work: () => Promise<T>) => Promise<T>;

export function createKeyedTurns(): KeyedTurns {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const turn = (tails.get(key) ?? Promise.resolve()).then(work);
    const over = turn.catch(() => undefined);
    tails.set(key, over);
    try {
      return await turn;
    } finally {
      if (tails.get(key) === over) tails.delete(key);
    }
  };
}

/** Work that must not meet: what is begun under one name runs after all that was begun under it before. */

export interface Turns {
  run<T>(name: string, work: () => Promise<T>): Promise<T>;
}

/** In this process' memory: only the writer acts. */
export function createTurns(): Turns {
  const turns = new Map<string, Promise<unknown>>();
  return {
    async run(name, work) {
      const turn = (turns.get(name) ?? Promise.resolve()).then(work);
      const over = turn.catch(() => undefined);
      turns.set(name, over);
      try {
        return await turn;
      } finally {
        if (turns.get(name) === over) turns.delete(name);
      }
    },
  };
}

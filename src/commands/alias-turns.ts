/** Whoever makes or takes away an alias does so in its turn: two people cannot take the same name at once. */
const turns = new Map<string, Promise<unknown>>();

/** Runs `work` after everything that was begun for this alias before; the writer is one process, so its memory is enough. */
export async function inTurnOfAlias<T>(alias: string, work: () => Promise<T>): Promise<T> {
  const before = turns.get(alias) ?? Promise.resolve();
  const turn = before.then(work);
  const over = turn.catch(() => undefined);
  turns.set(alias, over);
  try {
    return await turn;
  } finally {
    if (turns.get(alias) === over) turns.delete(alias);
  }
}

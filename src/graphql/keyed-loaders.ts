/** Loaders whose keys are plain data, of single things and of lists. */
import DataLoader from 'dataloader';

/** A loader whose keys are plain data. */
export function keyed<K, V>(load: (keys: readonly K[]) => Promise<readonly V[]>): DataLoader<K, V, string> {
  return new DataLoader(load, { cacheKeyFn: (key) => JSON.stringify(key) });
}

/** A loader of lists: those that are `alike` in what a statement can hold only once are read together. */
export function alike<K, V>(
  likeness: (key: K) => unknown,
  load: (keys: readonly [K, ...K[]]) => Promise<readonly V[]>,
): DataLoader<K, V, string> {
  return keyed(async (keys) => {
    const groups = Map.groupBy(keys.keys(), (n) => JSON.stringify(likeness(keys[n]!)));
    const values = new Map<number, V>();
    await Promise.all(
      [...groups.values()].map(async (group) => {
        const loaded = await load(group.map((n) => keys[n]!) as [K, ...K[]]);
        group.forEach((n, place) => values.set(n, loaded[place]!));
      }),
    );
    return keys.map((_, n) => values.get(n)!);
  });
}

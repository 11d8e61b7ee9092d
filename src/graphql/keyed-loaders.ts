/** Loaders whose keys are plain data, of single things and of lists. */
import DataLoader from 'dataloader';

export interface Loader<K, V> {
  load(key: K): Promise<V>;
  /** Remembers what is known of a key already. */
  prime(key: K, value: V): void;
  /** Forgets what was loaded. */
  clearAll(): void;
}

/** A loader whose keys are plain data. Of the dozens that a request has it uses a few: each is made when it is. */
export function keyed<K, V>(load: (keys: readonly K[]) => Promise<readonly V[]>): Loader<K, V> {
  let made: DataLoader<K, V, string> | null = null;
  const loader = (): DataLoader<K, V, string> => (made ??= new DataLoader(load, { cacheKeyFn: nameOf }));
  return {
    load: (key) => loader().load(key),
    prime: (key, value) => void loader().prime(key, value),
    clearAll: () => void made?.clearAll(),
  };
}

function nameOf(key: unknown): string {
  return typeof key === 'string' ? key : JSON.stringify(key);
}

/** A loader of lists: those that are `alike` in what a statement can hold only once are read together. */
export function alike<K, V>(
  likeness: (key: K) => unknown,
  load: (keys: readonly [K, ...K[]]) => Promise<readonly V[]>,
): Loader<K, V> {
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

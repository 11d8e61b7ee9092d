/** Loaders whose keys are plain data, of single things and of lists. */
import DataLoader from 'dataloader';
import type { Db } from '../database/database.ts';
import type { ServerName } from '../matrix/identifiers.ts';

export interface Loader<K, V> {
  load(key: K): Promise<V>;
  /** Remembers what is known of a key already. */
  prime(key: K, value: V): void;
  /** Forgets what was loaded. */
  clearAll(): void;
}

/** What the loaders of a request read with. */
export interface Source {
  readonly db: Db;
  readonly serverName: ServerName;
}

/** Makes the loader of one request. */
export type MakeLoader<K, V> = (source: Source) => Loader<K, V>;

/** Loaders whose keys are plain data. */
export function keyed<K, V>(load: (db: Db, keys: readonly K[]) => Promise<readonly V[]>): MakeLoader<K, V> {
  return ({ db }) => new DataLoader((keys: readonly K[]) => load(db, keys), { cacheKeyFn: nameOf });
}

function nameOf(key: unknown): string {
  return typeof key === 'string' ? key : JSON.stringify(key);
}

/** Loaders of lists: those that are `alike` in what a statement can hold only once are read together. */
export function alike<K, V>(
  likeness: (key: K) => unknown,
  load: (db: Db, keys: readonly [K, ...K[]]) => Promise<readonly V[]>,
): MakeLoader<K, V> {
  return keyed(async (db, keys) => {
    if (keys.length === 1) return load(db, [keys[0]!]);
    const groups = Map.groupBy(keys.keys(), (n) => JSON.stringify(likeness(keys[n]!)));
    const values = new Map<number, V>();
    await Promise.all(
      [...groups.values()].map(async (group) => {
        const loaded = await load(db, group.map((n) => keys[n]!) as [K, ...K[]]);
        group.forEach((n, place) => values.set(n, loaded[place]!));
      }),
    );
    return keys.map((_, n) => values.get(n)!);
  });
}

type Makers = Readonly<Record<string, MakeLoader<never, unknown>>>;

type Loaders<M extends Makers> = { readonly [Name in keyof M]: ReturnType<M[Name]> } & {
  /** After an act nothing that was loaded before it holds. */
  forget(): void;
};

interface Kept {
  readonly source: Source;
  readonly made: Map<string, Loader<never, unknown>>;
}

/** Gives a request its loaders. Of the dozens that there are it uses a few: each is made when it is first asked for. */
export function onDemand<M extends Makers>(makers: M): (source: Source) => Loaders<M> {
  const shared = {
    forget(this: Kept): void {
      for (const loader of this.made.values()) loader.clearAll();
    },
  };
  for (const [name, make] of Object.entries(makers)) {
    Object.defineProperty(shared, name, {
      get(this: Kept): Loader<never, unknown> {
        const loader = this.made.get(name) ?? make(this.source);
        this.made.set(name, loader);
        return loader;
      },
    });
  }
  return (source) => Object.assign(Object.create(shared), { source, made: new Map() }) as Loaders<M>;
}

/** Look-ups that share a query: what is asked for within one turn of the event loop is read at once. */
import DataLoader from 'dataloader';
import type { Db } from './database.ts';
import { createPace } from './pace.ts';

const MAX_KEYS = 500;

export interface GatherOptions<K> {
  /** Keys of the same name that are asked for together are looked up once. */
  readonly nameOf?: (key: K) => string;
  /** Between two look-ups, in milliseconds: who can wait for so long shares a query with more. */
  readonly restMs?: number;
}

/**
 * The look-up of one key, made of the look-up of many, which answers in the order asked. Nothing is remembered: every
 * answer was read after its question. A key that the database refuses fails alone.
 */
export function gathered<K, V>(
  read: (db: Db, keys: readonly K[]) => Promise<readonly V[]>,
  { nameOf, restMs = 0 }: GatherOptions<K> = {},
): (db: Db, key: K) => Promise<V> {
  const loaders = new WeakMap<Db, DataLoader<K, V, K | string>>();
  const readAlone = async (db: Db, key: K): Promise<V | Error> => {
    try {
      return (await read(db, [key]))[0]!;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  const loaderOf = (db: Db): DataLoader<K, V, K | string> => {
    const readAll = (keys: readonly K[]) =>
      read(db, keys).catch(() => Promise.all(keys.map((key) => readAlone(db, key))));
    let sends: (() => void)[] = [];
    const sendAll = (): void => {
      const all = sends;
      sends = [];
      loader.clearAll();
      for (const send of all) send();
    };
    const soon = restMs === 0 ? () => void setImmediate(sendAll) : createPace(restMs, () => void setImmediate(sendAll));
    const loader = new DataLoader<K, V, K | string>(readAll, {
      ...(nameOf === undefined ? { cache: false } : { cacheKeyFn: nameOf }),
      maxBatchSize: MAX_KEYS,
      batchScheduleFn(send) {
        sends.push(send);
        soon();
      },
    });
    return loader;
  };
  return (db, key) => {
    const loader = loaders.get(db) ?? loaderOf(db);
    loaders.set(db, loader);
    return loader.load(key);
  };
}

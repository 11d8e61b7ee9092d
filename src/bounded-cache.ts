/** What is remembered of so many at most, those that were used last. It takes room as it fills: lru-cache's `max` takes all of it at once. */
import { LRUCache } from 'lru-cache';

export type BoundedCache<V extends object | string | number | boolean> = LRUCache<string, V>;

/** `ttl` in milliseconds; without one, entries stay until others need their place. */
export function boundedCache<V extends object | string | number | boolean>(
  entries: number,
  more: Pick<LRUCache.Options<string, V, unknown>, 'ttl' | 'dispose'> = {},
): BoundedCache<V> {
  return new LRUCache<string, V>({ ...more, maxSize: entries, sizeCalculation: () => 1 });
}

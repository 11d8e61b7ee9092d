// A binary heap: the first of what is in it, by an order of the caller's.

export interface Heap<T> {
  size(): number;
  push(item: T): void;
  /** Takes out the item that comes before all others; undefined when there is none. */
  pop(): T | undefined;
}

/** An empty heap; `isBefore` must be a strict total order, or equal items leave in no particular order. */
export function makeHeap<T>(isBefore: (a: T, b: T) => boolean): Heap<T> {
  const items: T[] = [];
  return {
    size: () => items.length,
    push: (item) => rise(items, item, isBefore),
    pop: () => {
      const first = items[0];
      const last = items.pop();
      if (items.length > 0) sink(items, last as T, isBefore);
      return first;
    },
  };
}

function rise<T>(items: T[], item: T, isBefore: (a: T, b: T) => boolean): void {
  let at = items.length;
  while (at > 0) {
    const parent = (at - 1) >>> 1;
    if (!isBefore(item, items[parent]!)) break;
    items[at] = items[parent]!;
    at = parent;
  }
  items[at] = item;
}

/** Lets an item that stood at the end find its place from the top. */
function sink<T>(items: T[], item: T, isBefore: (a: T, b: T) => boolean): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= items.length) break;
    if (child + 1 < items.length && isBefore(items[child + 1]!, items[child]!)) child += 1;
    if (!isBefore(items[child]!, item)) break;
    items[at] = items[child]!;
    at = child;
  }
  items[at] = item;
}

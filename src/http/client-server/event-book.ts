/** The events that one answer speaks of: each read once, in batches, whatever part of the answer asks for it. */
import type { Db } from '../../database/database.ts';
import { readEvents, type StoredEvent } from '../../log/read.ts';

export interface EventKey {
  readonly roomId: string;
  /** Of the event. */
  readonly position: number;
}

export interface EventBook {
  /** Makes events known; those that are known already are not read again. */
  load(keys: Iterable<EventKey>): Promise<void>;
  /** A loaded event. */
  get(position: number): StoredEvent | undefined;
}

// Parsing is the cost of reading: other requests get their turn between two batches.
const BATCH = 1_000;

export function openEventBook(db: Db): EventBook {
  const events = new Map<number, StoredEvent>();
  return {
    async load(keys) {
      const wanted = new Map<number, EventKey>();
      for (const key of keys) if (!events.has(key.position)) wanted.set(key.position, key);
      const missing = [...wanted.values()];
      for (let start = 0; start < missing.length; start += BATCH) {
        for (const event of await readEvents(db, missing.slice(start, start + BATCH)))
          events.set(event.position, event);
      }
    },
    get: (position) => events.get(position),
  };
}

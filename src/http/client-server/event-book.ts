/** The events that one answer speaks of: each read once, in batches, whatever part of the answer asks for it. */
import type { Db } from '../../database/database.ts';
import { transactionIds } from '../../log/keyed-answers.ts';
import { readShownEvents, type ShownEvent } from '../../log/shown-events.ts';

export interface EventKey {
  readonly roomId: string;
  /** Of the event. */
  readonly position: number;
}

export interface EventBook {
  /** Makes events known; those that are known already are not read again. */
  load(keys: Iterable<EventKey>): Promise<void>;
  /** A loaded event, unless it is withheld. */
  get(position: number): ShownEvent | undefined;
  /** The transaction id of a loaded event that the reader's device sent. */
  transactionIdOf(position: number): string | undefined;
}

/** Who gets the answer, and is told of their own transaction ids. */
export interface Reader {
  readonly userId: string;
  readonly deviceId: string;
}

// Parsing is the cost of reading: other requests get their turn between two batches.
const BATCH = 1_000;

export function openEventBook(db: Db, reader?: Reader): EventBook {
  const events = new Map<number, ShownEvent>();
  const sentAs = new Map<number, string>();
  const loadBatch = async (keys: readonly EventKey[]): Promise<void> => {
    const read = await readShownEvents(db, keys);
    for (const event of read) if (!event.withheld) events.set(event.position, event);
    if (reader === undefined) return;
    // State is set without a transaction id.
    const own = read.filter(({ sender, stateKey }) => sender === reader.userId && stateKey === null);
    const ids = await transactionIds(
      db,
      reader,
      own.map(({ position }) => position),
    );
    for (const [position, id] of ids) sentAs.set(position, id);
  };
  return {
    async load(keys) {
      const wanted = new Map<number, EventKey>();
      for (const key of keys) if (!events.has(key.position)) wanted.set(key.position, key);
      const missing = [...wanted.values()];
      for (let start = 0; start < missing.length; start += BATCH) {
        await loadBatch(missing.slice(start, start + BATCH));
      }
    },
    get: (position) => events.get(position),
    transactionIdOf: (position) => sentAs.get(position),
  };
}

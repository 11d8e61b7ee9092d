/** Places for deliveries: so many at once, and one whose server keeps it waiting makes way for others. */
import type { ServerName } from '../matrix/identifiers.ts';

export interface PlacesOptions {
  /** So many have a place. */
  readonly places: number;
  /** So many wait for slow servers beside them; beyond these, one that turns out to be slow keeps its place. */
  readonly slow: number;
  /** Delivers to one server. Rejects for no reason that somebody here could mend. */
  readonly work: (destination: ServerName, onSlow: () => void) => Promise<void>;
}

export interface Places {
  /**
   * Resolves when the server has had its turn, or made way for others. One that is known to be slow (`isSlow`) takes no place:
   * it waits until there is room beside them.
   */
  ask(destination: ServerName, isSlow?: boolean): Promise<void>;
  /** Lets nobody in any more, and resolves when all are out. */
  close(): Promise<void>;
}

interface Guest {
  readonly destination: ServerName;
  readonly passed: PromiseWithResolvers<void>;
  /** Asked for again while it was at work. */
  again: boolean;
}

export function createPlaces({ places, slow, work }: PlacesOptions): Places {
  /** By server: whoever waits, and whoever is at work. */
  const guests = new Map<ServerName, Guest>();
  const waiting: Guest[] = [];
  const slowWaiting: Guest[] = [];
  const working = new Set<Promise<void>>();
  const now = { taken: 0, slow: 0, closed: false };

  const letIn = (): void => {
    while (!now.closed && now.taken < places && waiting.length > 0) {
      now.taken += 1;
      begin(waiting.shift()!, true);
    }
    while (!now.closed && now.slow < slow && slowWaiting.length > 0) {
      now.slow += 1;
      begin(slowWaiting.shift()!, false);
    }
  };
  const begin = (guest: Guest, hasPlace: boolean): void => {
    const done = turn(guest, hasPlace).finally(() => working.delete(done));
    working.add(done);
  };
  const turn = async (guest: Guest, given: boolean): Promise<void> => {
    let hasPlace = given;
    const makeWay = (): void => {
      if (!hasPlace || now.slow >= slow) return;
      hasPlace = false;
      now.slow += 1;
      now.taken -= 1;
      guest.passed.resolve();
      letIn();
    };
    do {
      guest.again = false;
      await work(guest.destination, makeWay);
    } while (guest.again && !now.closed);
    guests.delete(guest.destination);
    guest.passed.resolve();
    now[hasPlace ? 'taken' : 'slow'] -= 1;
    letIn();
  };

  return {
    ask(destination, isSlow = false) {
      const known = guests.get(destination);
      if (known !== undefined) {
        // What came to be owed after it looked for the last time.
        known.again = !waiting.includes(known) && !slowWaiting.includes(known);
        return known.passed.promise;
      }
      if (now.closed) return Promise.resolve();
      const guest = { destination, passed: Promise.withResolvers<void>(), again: false };
      guests.set(destination, guest);
      (isSlow ? slowWaiting : waiting).push(guest);
      letIn();
      return guest.passed.promise;
    },
    async close() {
      now.closed = true;
      for (const { passed } of [...waiting.splice(0), ...slowWaiting.splice(0)]) passed.resolve();
      await Promise.all(working);
    },
  };
}

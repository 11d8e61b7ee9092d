/** The worker's part in deliveries: reads the log for others, delivers, and looks itself for what no bell told it of. */
import type { Database } from '../database/database.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import { dueDestinations } from '../outbox/leases.ts';
import { expanderLag } from '../outbox/owed-events.ts';
import { drain, leaseOf, type DrainDeps } from './drain.ts';
import { expand } from './expand.ts';
import { createPlaces } from './places.ts';

export interface OutboxDeps extends Omit<DrainDeps, 'db' | 'pool'> {
  /** Connections of its own: many deliveries at once must keep nobody else waiting for one. */
  readonly database: Database;
  /** Tells all workers of servers that are owed something. Rejects when they cannot be told. */
  readonly ring: (destinations: readonly ServerName[]) => Promise<void>;
  readonly onError: (error: Error) => void;
  readonly lookEveryMs: number;
}

export interface Outbox {
  /** Resolves when all that was in the log at the call has been read for others. */
  expand(): Promise<void>;
  /** Resolves when each had its turn, or makes us wait. */
  drain(destinations: readonly ServerName[]): Promise<void>;
  /** Stops what is under way: it is taken up again by whoever comes next. */
  close(): Promise<void>;
}

/** Deliveries at once, and beside them those that wait for slow servers. */
const PLACES = 64;
const SLOW = 192;
const LOOKED_FOR = 1_000;

export function createOutbox(deps: OutboxDeps): Outbox {
  const { database, self, onError } = deps;
  const { db, pool } = database;
  const closing = new AbortController();
  const { signal } = closing;
  const places = createPlaces({
    places: PLACES,
    slow: SLOW,
    work: (destination, onSlow) => drain({ ...deps, db, pool }, destination, { signal, onSlow }).catch(onError),
  });
  // Where no other worker can be told, this one delivers; the bell is for sharing the work and not for it to be done.
  const onOwed = (destinations: readonly ServerName[]): void =>
    void deps.ring(destinations).catch(() => destinations.forEach((one) => void places.ask(one)));
  const expandAll = oneAtATime(() => expand({ db, self, onOwed }, signal));

  const look = async (): Promise<void> => {
    if ((await expanderLag(db)) > 0) await expandAll.run();
    for (const { destination, failing } of await dueDestinations(db, leaseOf(deps), LOOKED_FOR))
      void places.ask(destination, failing);
  };
  let looking: Promise<void> | null = null;
  const timer = setInterval(() => {
    looking ??= look()
      .catch(onError)
      .finally(() => (looking = null));
  }, deps.lookEveryMs);

  return {
    expand: () => (signal.aborted ? Promise.resolve() : expandAll.run()),
    async drain(destinations) {
      await Promise.all(destinations.map((destination) => places.ask(destination)));
    },
    async close() {
      clearInterval(timer);
      closing.abort();
      await looking;
      await places.close();
      await expandAll.idle();
    },
  };
}

interface OneAtATime {
  /** Whoever asks while it works is served by one more run, with all others who did. */
  run(): Promise<void>;
  idle(): Promise<void>;
}

function oneAtATime(work: () => Promise<void>): OneAtATime {
  let [running, next]: [Promise<void> | null, Promise<void> | null] = [null, null];
  const start = (): Promise<void> => {
    next = null;
    const current = work().finally(() => {
      if (running === current) running = null;
    });
    running = current;
    return current;
  };
  return {
    run() {
      if (running === null) return start();
      next ??= running.catch(() => undefined).then(start);
      return next;
    },
    async idle() {
      await next?.catch(() => undefined);
      await running?.catch(() => undefined);
    },
  };
}

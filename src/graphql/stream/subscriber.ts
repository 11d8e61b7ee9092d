/** A subscriber: one connection that transitions or knocks are sent on, for as long as its token counts. */
import { Counter, Gauge } from 'prom-client';
import type { Actor } from '../../commands/act.ts';
import { createEnding, endNow, type Ending } from '../../log/follow.ts';
import { MatrixError } from '../../matrix/errors.ts';
import type { Context, Live } from '../context.ts';

export interface Subscriber {
  /** Seats a subscription. Throws M_LIMIT_EXCEEDED when the caller, or the process, has too many. */
  open(after: string | null): Seat;
  /** Looks whether the token still counts; what it ends, ends with that. Never rejects. */
  check(): Promise<void>;
  /** Ends all subscriptions, and says why. */
  end(why: unknown): void;
}

export interface Seat extends Live {
  readonly leave: () => void;
}

export interface SubscriberDeps {
  /** Who it is. Throws M_UNKNOWN_TOKEN. */
  readonly identify: () => Promise<Actor>;
  readonly contextOf: (actor: Actor, live: Live) => Context;
  readonly seats: Seats;
  /** Milliseconds. */
  readonly now: () => number;
  /** Called once, when it ends by itself. */
  readonly onEnd: (why: unknown) => void;
}

/** For so long an answer about a token is believed: of a hundred rows that are sent at once each asks. */
const BELIEVED_MS = 100;

export function createSubscriber(deps: SubscriberDeps, first: Actor): Subscriber {
  const open = new Set<Ending>();
  let over = false;
  let actor = first;
  let known = deps.now();
  const end = (why: unknown): void => {
    if (over) return;
    over = true;
    for (const ending of open) endNow(ending);
    deps.onEnd(why);
  };
  const identify = async (maxAgeMs: number): Promise<Actor> => {
    if (deps.now() - known < maxAgeMs) return actor;
    const again = await deps.identify();
    known = deps.now();
    return (actor = again);
  };
  return {
    open(after) {
      if (over) throw new MatrixError('M_UNKNOWN', 'The stream has ended.', { status: 503 });
      const ending = createEnding();
      const leave = deps.seats.take(actor.userId);
      open.add(ending);
      const live: Live = {
        ending,
        after,
        context: async (again) => deps.contextOf(await identify(again === undefined ? 0 : BELIEVED_MS), live),
      };
      return {
        ...live,
        leave() {
          if (!open.delete(ending)) return;
          endNow(ending);
          leave();
        },
      };
    },
    async check() {
      if (!over && open.size > 0) await identify(0).catch(end);
    },
    end,
  };
}

export const streamMetrics = {
  open: new Gauge({ name: 'vestibule_subscriptions', help: 'GraphQL subscriptions that are open.', registers: [] }),
  slow: new Counter({
    name: 'vestibule_subscribers_too_slow_total',
    help: 'Connections with subscriptions that were closed because nobody read what was sent.',
    registers: [],
  }),
};

export interface Seats {
  /** Throws M_LIMIT_EXCEEDED; returns how the seat is left. */
  take(userId: string): () => void;
}

export interface SeatLimits {
  readonly perCaller: number;
  readonly perProcess: number;
}

/** How many subscriptions may be open: each is woken by commits, and reads the log then. */
export function createSeats({ perCaller, perProcess }: SeatLimits): Seats {
  const byCaller = new Map<string, number>();
  let all = 0;
  return {
    take(userId) {
      const own = byCaller.get(userId) ?? 0;
      if (own >= perCaller) throw full(`You have ${own} subscriptions open, which is as many as one may have.`);
      if (all >= perProcess) throw full('This server has as many subscriptions open as it can serve.');
      byCaller.set(userId, own + 1);
      all += 1;
      streamMetrics.open.set(all);
      return () => {
        const left = (byCaller.get(userId) ?? 1) - 1;
        if (left === 0) byCaller.delete(userId);
        else byCaller.set(userId, left);
        all -= 1;
        streamMetrics.open.set(all);
      };
    },
  };
}

function full(message: string): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', message, { retry_after_ms: 5_000 });
}

/** What both doors for subscriptions share: the engine, the seats, and the round that ends what has no token any more. */
import type { GraphQLError, GraphQLSchema } from 'graphql';
import type { Actor } from '../../commands/act.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { createContext, type GraphqlParts } from '../context.ts';
import { errorFormatter } from '../errors.ts';
import { runSubscription, type Refused, type StreamResult, type SubscriptionRequest } from './run-subscription.ts';
import { createSharedLoaders } from './shared-loaders.ts';
import { createSeats, createSubscriber, type SeatLimits, type Subscriber } from './subscriber.ts';

export const SEATS: SeatLimits = { perCaller: 32, perProcess: 4_000 };
/** A token that ends, ends its idle streams within so much. */
const CHECK_EVERY_MS = 1_000;

export interface Streams {
  /** Throws as `identify` does; `onEnd` hears once why it ended by itself: null for the end of the server. */
  subscribe(identify: () => Promise<Actor | null>, onEnd: (why: unknown) => void): Promise<Subscription>;
}

export interface Subscription {
  readonly subscriber: Subscriber;
  /** `after`: as the subscription's own, and before it. */
  run(request: SubscriptionRequest, after?: string | null): Promise<AsyncGenerator<StreamResult, void> | Refused>;
  /** Nobody is there any more. */
  readonly leave: () => void;
}

/** Streams of one listener; they end with the server. */
export function createStreams(parts: GraphqlParts, schema: GraphQLSchema, limits: SeatLimits = SEATS): Streams {
  const { now } = parts.commands;
  const format = errorFormatter(parts.log);
  const engine = {
    schema,
    maxCost: parts.settings.maxCost,
    format: (error: GraphQLError) => format(error.toJSON(), error),
  };
  // Nobody waits for a subscription as a whole; each look at the log has the time that a query has.
  const reading = createSharedLoaders(
    () => {
      const { db, deadline, loaders } = createContext(parts, null);
      return { db, deadline, loaders };
    },
    parts.follower,
    now,
  );
  const seats = createSeats(limits);
  const subscribers = new Set<Subscriber>();
  const check = setInterval(() => subscribers.forEach((one) => void one.check()), CHECK_EVERY_MS);
  parts.shutdown.addEventListener('abort', () => {
    clearInterval(check);
    subscribers.forEach((one) => one.end(null));
  });
  return {
    async subscribe(identify, onEnd) {
      const known = async (): Promise<Actor> => {
        const actor = await identify();
        if (actor === null) throw new MatrixError('M_MISSING_TOKEN');
        return actor;
      };
      const first = await known();
      const subscriber = createSubscriber(
        {
          ...{ identify: known, seats, now },
          contextOf: (actor, live) => ({ ...parts, ...reading(), actor, live }),
          onEnd(why) {
            subscribers.delete(subscriber);
            onEnd(why);
          },
        },
        first,
      );
      subscribers.add(subscriber);
      if (parts.shutdown.aborted) subscriber.end(null);
      return {
        subscriber,
        run: (request, after = null) => runSubscription(engine, subscriber, request, after),
        leave: () => subscriber.end(GONE),
      };
    },
  };
}

/** Why a subscription ended whose caller went away. */
export const GONE = Symbol('gone');

/** Whether a stream ended because of its caller's token. */
export function isTokenEnd(why: unknown): why is MatrixError {
  return why instanceof MatrixError && (why.errcode === 'M_UNKNOWN_TOKEN' || why.errcode === 'M_MISSING_TOKEN');
}

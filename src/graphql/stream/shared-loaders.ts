/** Loaders that subscriptions share: a commit that wakes a thousand of them is read for all of them at once. */
import type { Follower } from '../../log/follow.ts';
import type { Context } from '../context.ts';

/** What is not in the log (names, deliveries) may be this much older than the row it is sent with. Milliseconds. */
const MAX_AGE_MS = 100;

/** What is read with, and for how long. */
export type Reading = Pick<Context, 'db' | 'deadline' | 'loaders'>;

/**
 * The loaders of this moment, with the time that their statements have. What they remember was read after everything that is committed by now: after the next
 * commit there are others. Nothing in them depends on who asks.
 */
export function createSharedLoaders(
  make: () => Reading,
  follower: Pick<Follower, 'head'>,
  now: () => number,
): () => Reading {
  let reading: Reading | null = null;
  let head = -1;
  let made = 0;
  return () => {
    if (reading === null || follower.head() !== head || now() - made > MAX_AGE_MS || now() < made) {
      reading = make();
      reading.deadline.start();
      head = follower.head();
      made = now();
    }
    return reading;
  };
}

/** Loaders that subscriptions share: a commit that wakes a thousand of them is read for all of them at once. */
import type { Follower } from '../../log/follow.ts';
import type { Loaders } from '../loaders.ts';

/** What is not in the log (names, deliveries) may be this much older than the row it is sent with. Milliseconds. */
const MAX_AGE_MS = 100;

/**
 * The loaders of this moment. What they remember was read after everything that is committed by now: after the next
 * commit there are others. Nothing in them depends on who asks.
 */
export function createSharedLoaders(
  make: () => Loaders,
  follower: Pick<Follower, 'head'>,
  now: () => number,
): () => Loaders {
  let loaders: Loaders | null = null;
  let head = -1;
  let made = 0;
  return () => {
    if (loaders === null || follower.head() !== head || now() - made > MAX_AGE_MS || now() < made) {
      loaders = make();
      head = follower.head();
      made = now();
    }
    return loaders;
  };
}

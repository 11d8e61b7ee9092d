/**
 * Token buckets: a burst at once, and then as many a second as come back. A bucket is one number, the time at which it is
 * full again (the generic cell rate algorithm).
 */
import { boundedCache } from '../bounded-cache.ts';
import type { Rate } from '../durations.ts';

// Who fills the table with keys of their own only makes the longest unused bucket full.
const MAX_BUCKETS = 20_000;
// What a sum of fractions of milliseconds since 1970 may be off by.
const TOLERANCE = 0.01;

export interface TokenBuckets {
  /** Milliseconds until the bucket has so many tokens (more than a burst: until it is full); 0 when it has them. Takes none. */
  wait(key: string, tokens: number, now: number): number;
  /** Takes tokens that are there. */
  take(key: string, tokens: number, now: number): void;
}

/** Buckets of one rate, by key; all are full at first. Times are milliseconds. */
export function createTokenBuckets({ perSecond, burst }: Rate): TokenBuckets {
  const fullAt = boundedCache<number>(MAX_BUCKETS);
  const interval = 1_000 / perSecond;
  const capacity = burst * interval;
  const fullAtOf = (key: string, now: number): number => {
    const at = fullAt.get(key) ?? now;
    if (at <= now + capacity) return Math.max(at, now);
    // The clock was set back: nobody waits for longer than an empty bucket takes to fill.
    fullAt.set(key, now + capacity);
    return now + capacity;
  };
  const costOf = (tokens: number): number => Math.min(tokens, burst) * interval;
  return {
    wait: (key, tokens, now) =>
      Math.max(0, Math.ceil(fullAtOf(key, now) - now + costOf(tokens) - capacity - TOLERANCE)),
    take: (key, tokens, now) => void fullAt.set(key, fullAtOf(key, now) + costOf(tokens)),
  };
}

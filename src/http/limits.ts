/** How often who may ask: rate limits by name, and the sizes of bodies and headers. */
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { MatrixError } from '../matrix/errors.ts';

export const MAX_BODY_BYTES = 128 * 1024;
export const MAX_PARAM_LENGTH = 1024;

interface Limit {
  /** Requests in a burst. */
  readonly points: number;
  /** Seconds in which a burst comes back. */
  readonly duration: number;
}

// Bursts of three that come back at 0.17 a second, by address for registrations and by address and account for logins.
const LIMITS = {
  login: { points: 3, duration: 18 },
  register: { points: 3, duration: 18 },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;

export interface Limits {
  /** Counts a request. Throws M_LIMIT_EXCEEDED with retry_after_ms when the caller has had too many. */
  consume(name: LimitName, key: string): Promise<void>;
}

export function createLimits(on: boolean): Limits {
  const limiters = new Map(
    Object.entries(LIMITS).map(([name, limit]) => [name, new RateLimiterMemory({ ...limit, keyPrefix: name })]),
  );
  return {
    async consume(name, key) {
      if (!on) return;
      const refused = await limiters
        .get(name)!
        .consume(key)
        .then(
          () => null,
          (result: unknown) => result,
        );
      if (refused === null) return;
      const wait = typeof refused === 'object' && 'msBeforeNext' in refused ? Number(refused.msBeforeNext) : 1_000;
      throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests.', { retry_after_ms: Math.max(1, Math.ceil(wait)) });
    },
  };
}

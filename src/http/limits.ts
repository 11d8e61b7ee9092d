/** How often who may ask: rate limits by name, and the sizes of bodies and headers. */
import { isIPv6 } from 'node:net';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { isLoopback, type Config } from '../config.ts';
import { MatrixError } from '../matrix/errors.ts';

export const MAX_BODY_BYTES = 128 * 1024;
export const MAX_PARAM_LENGTH = 1024;
/** Requests of one connection that wait for their answers; who sends more is cut off. */
export const MAX_PIPELINED = 32;

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
  /**
   * Counts a request from an address, and for an account when one is named. Throws M_LIMIT_EXCEEDED with retry_after_ms
   * when there were too many.
   */
  consume(name: LimitName, address: string, account?: string): Promise<void>;
}

/** Where everybody may register, whoever sits at the machine itself may do so as often as they like. */
export function createLimits({ rateLimits: on, registration }: Pick<Config, 'rateLimits' | 'registration'>): Limits {
  const limiters = new Map(
    Object.entries(LIMITS).map(([name, limit]) => [name, new RateLimiterMemory({ ...limit, keyPrefix: name })]),
  );
  return {
    async consume(name, address, account = '') {
      if (!on || (name === 'register' && registration === 'open' && isLoopback(unmapped(address)))) return;
      const refused = await limiters
        .get(name)!
        .consume(`${networkOf(address)} ${account}`)
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

// A listener on both families sees IPv4 addresses in the other's form.
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** Who is counted as one: an IPv4 address, or the 64 bits of IPv6 that a single line is given, addresses without number in it. */
function networkOf(address: string): string {
  const plain = unmapped(address);
  if (!isIPv6(plain)) return plain;
  const [front = [], back = []] = plain.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  return [...front, ...zeros, ...back].slice(0, 4).join(':');
}

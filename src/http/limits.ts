/** How often who may ask from where, and the sizes of bodies and headers. */
import { isIPv6 } from 'node:net';
import type { RateLimiter } from '../commands/rate-limits.ts';
import { isLoopback } from '../addresses.ts';
import type { Config } from '../config.ts';

export const MAX_BODY_BYTES = 128 * 1024;
/** Of what other servers send. */
export const MAX_SIGNED_BODY_BYTES = 10 * 1024 * 1024;
export const MAX_PARAM_LENGTH = 1024;
/** Requests of one connection that wait for their answers; who sends more is cut off. */
export const MAX_PIPELINED = 32;

/** The rates that are counted by address. */
export type LimitName = 'login' | 'register' | 'refresh';

export interface Limits {
  /**
   * Counts a request from an address, and for an account when one is named. Throws M_LIMIT_EXCEEDED with retry_after_ms
   * when there were too many.
   */
  consume(name: LimitName, address: string, account?: string): void;
}

/** Where everybody may register, whoever sits at the machine itself may do so as often as they like. */
export function createLimits(limiter: RateLimiter, { registration }: Pick<Config, 'registration'>): Limits {
  return {
    consume(name, address, account = '') {
      if (name === 'register' && registration === 'open' && isLoopback(unmapped(address))) return;
      limiter.take({ name, key: `${networkOf(address)} ${account}` });
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

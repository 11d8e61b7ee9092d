/** Who is counted as one caller by the rate limits. */
import { describe, expect, it } from 'vitest';
import { createRateLimiter } from '../../../src/commands/rate-limits.ts';
import { readConfig } from '../../../src/config.ts';
import { createLimits, type LimitName } from '../../../src/http/limits.ts';
import { MatrixError } from '../../../src/matrix/errors.ts';

/** How many of these addresses, asked one after the other, are answered. */
function answered(addresses: readonly string[], name: LimitName = 'login', registration = 'closed'): number {
  const config = readConfig({ REGISTRATION: registration });
  const limits = createLimits(
    createRateLimiter(config.rateLimits, () => 0),
    config,
  );
  return addresses.filter((address) => {
    try {
      limits.consume(name, address, '@kim:here');
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(MatrixError);
      return false;
    }
  }).length;
}

describe('a limit by address', () => {
  it('counts all addresses of an IPv6 network of 64 bits as one, however they are spelt', () => {
    const spellings = ['2001:db8:1:2::1', '2001:db8:1:2:0:0:0:2', '2001:db8:1:2:a:b:c:d', '2001:db8:1:2::ffff:1.2.3.4'];
    expect(answered([...spellings, '2001:db8:1:2::9'])).toBe(3);
    expect(answered(['2001:db8::1', '2001:db8::1:0:0:1', '2001:db8:0:0:2::', '2001:db8::3'])).toBe(3);
  });

  it('counts other networks, and IPv4 addresses in either form, by themselves', () => {
    expect(answered(['2001:db8:1:2::1', '2001:db8:1:3::1', '2001:db8:1:4::1', '2001:db8:1:5::1'])).toBe(4);
    expect(answered(['::1', '::1', '::1', 'fe80::1', '192.0.2.1'])).toBe(5);
    expect(answered(['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.1', '::ffff:192.0.2.1'])).toBe(3);
    expect(answered(['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'])).toBe(4);
  });

  it('passes registrations from the machine itself where everybody may register, and no others', () => {
    const here = ['127.0.0.1', '127.0.0.1', '::ffff:127.0.0.1', '127.9.9.9', '::1', '::1', '::1', '::1'];
    expect(answered(here, 'register', 'open')).toBe(8);
    expect(answered(here.slice(0, 3).concat('127.0.0.1'), 'register', 'token')).toBe(3);
    expect(answered(['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.1'], 'register', 'open')).toBe(3);
    expect(answered(['::1', '::1', '::1', '::1'], 'login', 'open')).toBe(3);
  });
});

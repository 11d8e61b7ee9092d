/** Who is counted as one caller by the rate limits. */
import { describe, expect, it } from 'vitest';
import { createLimits } from '../../../src/http/limits.ts';

/** How many of these addresses, asked one after the other, are answered. */
async function answered(addresses: readonly string[]): Promise<number> {
  const limits = createLimits({ rateLimits: true, registration: 'closed' });
  let count = 0;
  for (const address of addresses) {
    const wait = await limits.consume('login', address, '@kim:here').then(
      () => null,
      (error: unknown) => error,
    );
    if (wait === null) count += 1;
  }
  return count;
}

describe('a limit by address', () => {
  it('counts all addresses of an IPv6 network of 64 bits as one, however they are spelt', async () => {
    const spellings = ['2001:db8:1:2::1', '2001:db8:1:2:0:0:0:2', '2001:db8:1:2:a:b:c:d', '2001:db8:1:2::ffff:1.2.3.4'];
    expect(await answered([...spellings, '2001:db8:1:2::9'])).toBe(3);
    expect(await answered(['2001:db8::1', '2001:db8::1:0:0:1', '2001:db8:0:0:2::', '2001:db8::3'])).toBe(3);
  });

  it('counts other networks, and IPv4 addresses in either form, by themselves', async () => {
    expect(await answered(['2001:db8:1:2::1', '2001:db8:1:3::1', '2001:db8:1:4::1', '2001:db8:1:5::1'])).toBe(4);
    expect(await answered(['::1', '::1', '::1', 'fe80::1', '192.0.2.1'])).toBe(5);
    expect(await answered(['192.0.2.1', '::ffff:192.0.2.1', '192.0.2.1', '::ffff:192.0.2.1'])).toBe(3);
    expect(await answered(['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'])).toBe(4);
  });
});

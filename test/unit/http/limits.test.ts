/** Who may register and sign in how often, by address and account. */
import { describe, expect, it } from 'vitest';
import { createLimits, type Limits } from '../../../src/http/limits.ts';

const outcomes = async (limits: Limits, name: 'login' | 'register', ...keys: [address: string, account?: string][]) =>
  Promise.all(
    keys.map((key) =>
      limits.consume(name, ...key).then(
        () => 'ok',
        (error: { errcode: string }) => error.errcode,
      ),
    ),
  );

const times = (count: number, address: string, account?: string): [string, string?][] =>
  Array.from({ length: count }, () => (account === undefined ? [address] : [address, account]));

describe('the limit of registrations', () => {
  it('spares loopback, in each of its spellings, while registration is open', async () => {
    const limits = createLimits({ rateLimits: true, registration: 'open' });
    for (const address of ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', '::FFFF:127.0.0.1'])
      expect(await outcomes(limits, 'register', ...times(5, address)), address).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
  });

  it.each(['192.0.2.1', '::ffff:192.0.2.1', '2001:db8::1', '::', 'unknown'])('counts %s apart', async (address) => {
    const limits = createLimits({ rateLimits: true, registration: 'open' });
    const four = await outcomes(limits, 'register', ...times(4, address), ['198.51.100.1']);
    expect(four).toEqual(['ok', 'ok', 'ok', 'M_LIMIT_EXCEEDED', 'ok']);
  });

  it.each(['token', 'closed'] as const)('spares nobody while registration is %s', async (registration) => {
    const limits = createLimits({ rateLimits: true, registration });
    expect(await outcomes(limits, 'register', ...times(4, '127.0.0.1'))).toContain('M_LIMIT_EXCEEDED');
  });
});

describe('the limit of logins', () => {
  it('counts each address and account apart, loopback too', async () => {
    const limits = createLimits({ rateLimits: true, registration: 'open' });
    const kim = '@kim:localhost';
    const all = await outcomes(
      limits,
      'login',
      ...times(4, '127.0.0.1', kim),
      ['127.0.0.1', '@lee:localhost'],
      ['::1', kim],
    );
    expect(all).toEqual(['ok', 'ok', 'ok', 'M_LIMIT_EXCEEDED', 'ok', 'ok']);
  });

  it('counts nothing when limits are off', async () => {
    const limits = createLimits({ rateLimits: false, registration: 'token' });
    expect(new Set(await outcomes(limits, 'login', ...times(20, '192.0.2.1', '@kim:localhost')))).toEqual(
      new Set(['ok']),
    );
  });
});

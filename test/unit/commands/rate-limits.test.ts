/** Rate limits on a clock that the test moves (PROTOCOL §7). */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRateLimiter, drawsOfInvites, type Draw } from '../../../src/commands/rate-limits.ts';
import { readConfig, type RateName } from '../../../src/config.ts';
import type { Rate } from '../../../src/durations.ts';
import { MatrixError } from '../../../src/matrix/errors.ts';
import type { RoomId, UserId } from '../../../src/matrix/identifiers.ts';

const KIM = '@kim:here' as UserId;
const ROOM = '!room:here' as RoomId;

/** A limiter with a clock, and what it says: 0 for yes, else the milliseconds to wait. */
function limiterOf(rates: Partial<Record<RateName, Rate>>, env: Readonly<Record<string, string>> = {}) {
  const clock = { now: 1_000_000 };
  const limiter = createRateLimiter({ ...readConfig(env).rateLimits, ...rates }, () => clock.now);
  const ask = (...draws: readonly Draw[]): number => {
    try {
      limiter.take(...draws);
      return 0;
    } catch (error) {
      if (!(error instanceof MatrixError)) throw error;
      expect(error.errcode).toBe('M_LIMIT_EXCEEDED');
      return Number(error.extra['retry_after_ms']);
    }
  };
  return { clock, ask };
}

const KNOCK = [
  { name: 'knock', key: `${KIM} ${ROOM}` },
  { name: 'knockRoom', key: ROOM },
] as const;
const JOIN: Draw = { name: 'join', key: KIM };

describe('a bucket', () => {
  it('gives a burst at once, and then one token after the other as they come back', () => {
    const { clock, ask } = limiterOf({ join: { perSecond: 0.5, burst: 3 } });
    expect([ask(JOIN), ask(JOIN), ask(JOIN), ask(JOIN)]).toEqual([0, 0, 0, 2_000]);
    clock.now += 1_999;
    expect(ask(JOIN)).toBe(1);
    clock.now += 1;
    expect([ask(JOIN), ask(JOIN)]).toEqual([0, 2_000]);
    clock.now += 4_000;
    expect([ask(JOIN), ask(JOIN), ask(JOIN)]).toEqual([0, 0, 2_000]);
  });

  it('is never fuller than full, however long nobody asks', () => {
    const { clock, ask } = limiterOf({ join: { perSecond: 10, burst: 2 } });
    clock.now += 3_600_000;
    expect([ask(JOIN), ask(JOIN), ask(JOIN)]).toEqual([0, 0, 100]);
  });

  it('loses nothing to who is refused: asking again does not make the wait longer', () => {
    const { clock, ask } = limiterOf({ join: { perSecond: 1, burst: 1 } });
    ask(JOIN);
    for (let tries = 0; tries < 100; tries += 1) expect(ask(JOIN)).toBe(1_000);
    clock.now += 1_000;
    expect(ask(JOIN)).toBe(0);
  });

  it('does not stop anybody for longer than a bucket takes to fill when the clock is set back', () => {
    const { clock, ask } = limiterOf({ join: { perSecond: 1, burst: 2 } });
    ask(JOIN);
    clock.now -= 86_400_000;
    expect(ask(JOIN)).toBe(1_000);
    clock.now += 1_000;
    expect(ask(JOIN)).toBe(0);
  });

  it('says a wait after which the same is granted, at any rate and time', () => {
    const rate = fc.record({
      perSecond: fc.double({ min: 0.001, max: 1_000, noNaN: true }),
      burst: fc.integer({ min: 1, max: 20 }),
    });
    const property = fc.property(
      rate,
      fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 60 }),
      (join, pauses) => {
        const { clock, ask } = limiterOf({ join });
        let granted = 0;
        const begin = clock.now;
        for (const pause of pauses) {
          clock.now += pause;
          const wait = ask(JOIN);
          expect(Number.isInteger(wait)).toBe(true);
          clock.now += wait;
          if (wait > 0) expect(ask(JOIN)).toBe(0);
          granted += 1;
          expect(granted).toBeLessThanOrEqual(join.burst + ((clock.now - begin) / 1_000) * join.perSecond + 1e-6);
        }
      },
    );
    fc.assert(property);
  });
});

describe('an act that counts in several buckets', () => {
  it('takes from all of them or from none', () => {
    const { ask } = limiterOf({ knock: { perSecond: 1, burst: 5 }, knockRoom: { perSecond: 0.1, burst: 1 } });
    expect(ask(...KNOCK)).toBe(0);
    for (let tries = 0; tries < 10; tries += 1) expect(ask(...KNOCK)).toBe(10_000);
    expect(ask({ ...KNOCK[0], key: 'elsewhere' }, { ...KNOCK[1], key: 'elsewhere' })).toBe(0);
    expect([1, 2, 3, 4].map(() => ask(KNOCK[0]))).toEqual([0, 0, 0, 0]);
  });

  it('waits for the slowest of them', () => {
    const { ask } = limiterOf({ knock: { perSecond: 1, burst: 1 }, knockRoom: { perSecond: 0.1, burst: 1 } });
    ask(...KNOCK);
    expect(ask(...KNOCK)).toBe(10_000);
  });

  it('counts each user who is invited, and the inviter for all of them', () => {
    const { ask } = limiterOf({ invite: { perSecond: 1, burst: 3 } });
    const names = ['@a:here', '@b:here', '@c:here', '@d:here', '@a:here'];
    expect(ask(...drawsOfInvites(KIM, names))).toBe(0);
    expect(ask(...drawsOfInvites(KIM, ['@e:here']))).toBe(1_000);
    const others = [1, 2, 3].map((n) => ask(...drawsOfInvites(`@other${n}:here` as UserId, ['@a:here'])));
    expect(others).toEqual([0, 0, 1_000]);
  });
});

describe('the rates', () => {
  const burstOf = (draws: readonly Draw[], env: Readonly<Record<string, string>> = {}): readonly [number, number] => {
    const { ask } = limiterOf({}, env);
    for (let count = 0; count < 100; count += 1) {
      const wait = ask(...draws);
      if (wait > 0) return [count, wait];
    }
    return [Infinity, 0];
  };

  it('are those of the protocol where nothing else is set', () => {
    expect(burstOf([{ name: 'message', key: KIM }])).toEqual([10, 5_000]);
    expect(burstOf([JOIN])).toEqual([10, 10_000]);
    expect(burstOf([{ name: 'remoteJoin', key: KIM }])).toEqual([10, 100_000]);
    expect(burstOf(KNOCK)).toEqual([3, 20_000]);
    expect(burstOf([{ name: 'knockRoom', key: ROOM }])).toEqual([10, 1_000]);
    expect(burstOf(drawsOfInvites(KIM, ['@a:here']))).toEqual([10, 3_334]);
    expect(burstOf([{ name: 'decision', key: ROOM }])).toEqual([20, 50]);
    expect(burstOf([{ name: 'profile', key: KIM }])).toEqual([10, 5_000]);
    expect(burstOf([{ name: 'login', key: KIM }])).toEqual([3, 5_883]);
    expect(burstOf([{ name: 'register', key: KIM }])).toEqual([3, 5_883]);
  });

  it('can each be set, or be off alone; RATE_LIMITS=off is off for all', () => {
    expect(burstOf([JOIN], { RATE_LIMIT_JOIN: '1/min burst 2' })).toEqual([2, 60_000]);
    expect(burstOf([JOIN], { RATE_LIMIT_JOIN: '36/h burst 1' })).toEqual([1, 100_000]);
    expect(burstOf([JOIN], { RATE_LIMIT_JOIN: 'off' })[0]).toBe(Infinity);
    expect(burstOf([{ name: 'message', key: KIM }], { RATE_LIMIT_JOIN: 'off' })[0]).toBe(10);
    expect(burstOf([JOIN], { RATE_LIMITS: 'off', RATE_LIMIT_JOIN: '1/s burst 1' })[0]).toBe(Infinity);
  });

  it.each(['0/s burst 3', '1/s', '1 burst 3', '1/s burst 0', '-1/s burst 3', '1/day burst 3', '1/s burst 1.5', 'on'])(
    '%s is refused by name',
    (text) => {
      expect(() => readConfig({ RATE_LIMIT_LOGIN: text })).toThrow('RATE_LIMIT_LOGIN must be off, or a rate such as');
    },
  );
});

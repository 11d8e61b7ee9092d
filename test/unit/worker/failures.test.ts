/** When a server that failed is tried again, and what its failure says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RemoteFailure } from '../../../src/federation/answer.ts';
import { backoffMs, failureOf, isAboutNow, isAboutServer, isFinal } from '../../../src/worker/failures.ts';

const backoff = { leastMs: 600_000, mostMs: 86_400_000 };
const refused = (status: number): RemoteFailure => ({
  kind: 'refused',
  status,
  errcode: 'M_X',
  error: 'No.',
  roomVersion: null,
});

describe('the time before the next attempt', () => {
  it('doubles from ten minutes to a day', () => {
    const minutes = Array.from({ length: 10 }, (_, failures) => backoffMs(backoff, failures, 0.5) / 60_000);
    expect(minutes).toEqual([10, 20, 40, 80, 160, 320, 640, 1_280, 1_440, 1_440]);
  });

  it('is spread by a fifth, and never leaves its bounds by more', () => {
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (failures, chance) => {
        const wait = backoffMs(backoff, failures, chance);
        expect(wait).toBeGreaterThanOrEqual(0.8 * backoff.leastMs);
        expect(wait).toBeLessThanOrEqual(1.2 * backoff.mostMs);
      }),
    );
    expect(backoffMs(backoff, 0, 0)).toBeLessThan(backoffMs(backoff, 0, 1));
  });
});

describe('a refusal', () => {
  it.each([
    [400, 'final'],
    [401, 'now'],
    [403, 'server'],
    [404, 'now'],
    [405, 'final'],
    [413, 'final'],
    [429, 'now'],
    [500, 'failure'],
    [502, 'failure'],
    [302, 'failure'],
  ])('by %i is about: %s', (status, what) => {
    const failure = refused(status);
    const is = isAboutServer(failure) ? 'server' : isAboutNow(failure) ? 'now' : isFinal(failure) ? 'final' : 'failure';
    expect(is).toBe(what);
  });

  it('is told in the other words, and counted by its status', () => {
    expect(failureOf(refused(500))).toEqual({ sort: 'refused 500', words: '500 M_X No.' });
    expect(failureOf({ kind: 'refused', status: 502, errcode: null, error: null, roomVersion: null })).toEqual({
      sort: 'refused 502',
      words: '502',
    });
  });
});

/** The open syncs of one user: few, and the newest stay. */
import { describe, expect, it } from 'vitest';
import { createSeats } from '../../../src/http/client-server/sync/seats.ts';
import { MatrixError } from '../../../src/matrix/errors.ts';

describe('the open syncs of a user', () => {
  it('stay open up to the limit; then the oldest gives way to each new one', () => {
    const seats = createSeats(2);
    const taken = [1, 2, 3, 4].map(() => seats.take('@kim:here'));
    expect(taken.map(({ given }) => given.aborted)).toEqual([true, true, false, false]);
  });

  it('are not sent away by those of others', () => {
    const seats = createSeats(1);
    const kim = seats.take('@kim:here');
    seats.take('@lee:here');
    expect(kim.given.aborted).toBe(false);
  });

  it('are refused when as many again do not give way, until one ends', () => {
    const seats = createSeats(2);
    const taken = [1, 2, 3, 4].map(() => seats.take('@kim:here'));
    expect(() => seats.take('@kim:here')).toThrow(MatrixError);
    taken[0]!.leave();
    expect(seats.take('@kim:here').given.aborted).toBe(false);
  });

  it('make room for new ones when they end', () => {
    const seats = createSeats(2);
    for (let n = 0; n < 10; n += 1) {
      const seat = seats.take('@kim:here');
      expect(seat.given.aborted).toBe(false);
      seat.leave();
    }
  });
});

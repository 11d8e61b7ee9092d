/** The open syncs of one user: few, and the newest stay. */
import { describe, expect, it } from 'vitest';
import { createSeats } from '../../../src/http/client-server/sync/seats.ts';
import { MatrixError } from '../../../src/matrix/errors.ts';

const lasting = new AbortController().signal;

describe('the open syncs of a user', () => {
  it('stay open up to the limit; then the oldest gives way to each new one', () => {
    const seats = createSeats(2);
    const taken = [1, 2, 3, 4].map(() => seats.take('@kim:here', lasting));
    expect(taken.map(({ given }) => given.aborted)).toEqual([true, true, false, false]);
  });

  it('are not sent away by those of others', () => {
    const seats = createSeats(1);
    const kim = seats.take('@kim:here', lasting);
    seats.take('@lee:here', lasting);
    expect(kim.given.aborted).toBe(false);
  });

  it('are refused when as many again do not give way, until one ends', () => {
    const seats = createSeats(2);
    const taken = [1, 2, 3, 4].map(() => seats.take('@kim:here', lasting));
    expect(() => seats.take('@kim:here', lasting)).toThrow(MatrixError);
    taken[0]!.leave();
    expect(seats.take('@kim:here', lasting).given.aborted).toBe(false);
  });

  it('end with their request', () => {
    const request = new AbortController();
    const { given } = createSeats(1).take('@kim:here', request.signal);
    request.abort();
    expect(given.aborted).toBe(true);
  });

  it('make room for new ones when they end', () => {
    const seats = createSeats(2);
    for (let n = 0; n < 10; n += 1) {
      const seat = seats.take('@kim:here', lasting);
      expect(seat.given.aborted).toBe(false);
      seat.leave();
    }
  });
});

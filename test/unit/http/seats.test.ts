/** The open syncs of one user: few, and the newest stay. */
import { describe, expect, it } from 'vitest';
import { createSeats, type Seats } from '../../../src/http/client-server/sync/seats.ts';
import { createEnding, endNow } from '../../../src/log/follow.ts';
import { MatrixError } from '../../../src/matrix/errors.ts';

function take(seats: Seats, userId = '@kim:here') {
  const ending = createEnding();
  return { ending, leave: seats.take(userId, ending) };
}

describe('the open syncs of a user', () => {
  it('stay open up to the limit; then the oldest gives way to each new one', () => {
    const seats = createSeats(2);
    const taken = [1, 2, 3, 4].map(() => take(seats));
    expect(taken.map(({ ending }) => ending.over)).toEqual([true, true, false, false]);
  });

  it('are not sent away by those of others', () => {
    const seats = createSeats(1);
    const kim = take(seats);
    take(seats, '@lee:here');
    expect(kim.ending.over).toBe(false);
  });

  it('are refused when as many again do not give way, until one ends', () => {
    const seats = createSeats(2);
    const taken = [1, 2, 3, 4].map(() => take(seats));
    expect(() => take(seats)).toThrow(MatrixError);
    taken[0]!.leave();
    expect(take(seats).ending.over).toBe(false);
  });

  it('count for nothing once their request is over, and are not sent away twice', () => {
    const seats = createSeats(2);
    const [gone, kept] = [take(seats), take(seats)];
    endNow(gone.ending);
    take(seats);
    expect(kept.ending.over).toBe(false);
  });

  it('make room for new ones when they end', () => {
    const seats = createSeats(2);
    for (let n = 0; n < 10; n += 1) {
      const { ending, leave } = take(seats);
      expect(ending.over).toBe(false);
      leave();
    }
  });
});

/** How many subscriptions a caller and a process may have open, and what a token that ends does to them. */
import { describe, expect, it } from 'vitest';
import type { Actor } from '../../../src/commands/act.ts';
import type { Context } from '../../../src/graphql/context.ts';
import { createSeats, createSubscriber } from '../../../src/graphql/stream/subscriber.ts';
import { MatrixError } from '../../../src/matrix/errors.ts';

const actor = (name: string): Actor =>
  ({ userId: `@${name}:here`, token: name, admin: false, onBehalfOf: null, grant: null }) as Actor;

describe('seats for subscriptions', () => {
  it('are as many for each caller, and as many for all, as was said, and can be taken again when they are left', () => {
    const seats = createSeats({ perCaller: 2, perProcess: 3 });
    const [first] = [seats.take('@kim:here'), seats.take('@kim:here')];
    expect(() => seats.take('@kim:here')).toThrow('as many as one may have');
    seats.take('@lee:here');
    expect(() => seats.take('@may:here')).toThrow('as many subscriptions open as it can serve');
    first();
    seats.take('@may:here');
    expect(() => seats.take('@kim:here')).toThrow(MatrixError);
  });
});

describe('a subscriber', () => {
  it('whose token ends, ends with all its subscriptions, once, and opens no more', async () => {
    let good = true;
    const ends: unknown[] = [];
    const subscriber = createSubscriber(
      {
        identify: async () => {
          if (!good) throw new MatrixError('M_UNKNOWN_TOKEN');
          return actor('kim');
        },
        contextOf: (who) => ({ actor: who }) as Context,
        seats: createSeats({ perCaller: 5, perProcess: 5 }),
        now: () => 0,
        onEnd: (why) => ends.push(why),
      },
      actor('kim'),
    );
    const [one, two] = [subscriber.open(null), subscriber.open('7')];
    expect(two.after).toBe('7');
    await subscriber.check();
    expect((await one.context()).actor?.userId).toBe('@kim:here');
    good = false;
    // Of what was read at once the next is still sent; nothing is read any more.
    await expect(one.context('again')).resolves.toBeDefined();
    await expect(one.context()).rejects.toThrow(MatrixError);
    await subscriber.check();
    await subscriber.check();
    expect(ends).toEqual([expect.objectContaining({ errcode: 'M_UNKNOWN_TOKEN' })]);
    expect([one.ending.over, two.ending.over]).toEqual([true, true]);
    expect(() => subscriber.open(null)).toThrow('has ended');
  });
});

/** So many at once, and the others in the order of their coming. */
import { describe, expect, it } from 'vitest';
import { createTurns } from '../../../src/federation/turns.ts';

describe('turns', () => {
  it('are taken by as many as there are, and then in the order of coming', async () => {
    const turns = createTurns(2);
    const begun: number[] = [];
    const ends = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
    const all = ends.map(({ promise }, n) =>
      turns.run(() => {
        begun.push(n);
        return promise;
      }),
    );
    await Promise.resolve();
    expect([begun, turns.waiting()]).toEqual([[0, 1], 3]);
    ends[1]!.resolve();
    await all[1];
    await expect.poll(() => begun).toEqual([0, 1, 2]);
    ends[0]!.reject(new Error('that one failed'));
    await expect(all[0]).rejects.toThrow('that one failed');
    await expect.poll(() => begun).toEqual([0, 1, 2, 3]);
    for (const each of ends.slice(2)) each.resolve();
    await Promise.all(all.slice(2));
    expect([begun, turns.waiting()]).toEqual([[0, 1, 2, 3, 4], 0]);
  });

  it('pass by whoever has gone', async () => {
    const turns = createTurns(1);
    const end = Promise.withResolvers<void>();
    const first = turns.run(() => end.promise);
    const gone = new AbortController();
    const second = turns.run(() => Promise.resolve('second'), gone.signal);
    const third = turns.run(() => Promise.resolve('third'));
    gone.abort('gone');
    await expect(second).rejects.toBe('gone');
    expect(turns.waiting()).toBe(1);
    end.resolve();
    await first;
    expect(await third).toBe('third');
    expect(await turns.run(() => Promise.resolve('later'))).toBe('later');
  });
});

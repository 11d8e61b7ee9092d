/** The gate before work that anybody may ask for. */
import { describe, expect, it } from 'vitest';
import { createGate } from '../../../src/accounts/gate.ts';

const turn = () => new Promise((next) => setImmediate(next));

describe('a gate', () => {
  it('lets as many through at once as it is told, the others in their order', async () => {
    const gate = createGate({ atOnce: 2, waiting: 10 });
    const [begun, ends]: [number[], (() => void)[]] = [[], []];
    const all = [1, 2, 3, 4].map((n) =>
      gate.pass(() => {
        begun.push(n);
        return new Promise<void>((end) => ends.push(end));
      }),
    );
    await turn();
    expect(begun).toEqual([1, 2]);
    ends[1]!();
    await turn();
    expect(begun).toEqual([1, 2, 3]);
    ends[0]!();
    await turn();
    for (const end of ends) end();
    await Promise.all(all);
    expect(begun).toEqual([1, 2, 3, 4]);
  });

  it('refuses whom it would keep waiting behind too many, and nobody once they are through', async () => {
    const gate = createGate({ atOnce: 1, waiting: 1 });
    const { promise, resolve } = Promise.withResolvers<void>();
    const open = [gate.pass(() => promise), gate.pass(() => promise)];
    await expect(gate.pass(() => promise)).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', status: 429 });
    resolve();
    await Promise.all(open);
    expect(await gate.pass(async () => 'through')).toBe('through');
  });

  it('opens again after work that failed', async () => {
    const gate = createGate({ atOnce: 1, waiting: 0 });
    await expect(gate.pass(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await gate.pass(async () => 'through')).toBe('through');
  });
});

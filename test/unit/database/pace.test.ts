/** Work that rests between two times. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createPace } from '../../../src/database/pace.ts';

test('the first is served at once, those who come while it rests together, and nobody is forgotten', async () => {
  const served: number[][] = [];
  let asked: number[] = [];
  const serve = createPace(20, () => {
    served.push(asked);
    asked = [];
  });
  const ask = (n: number): void => {
    asked.push(n);
    serve();
  };
  ask(1);
  expect(served).toEqual([[1]]);
  ask(2);
  ask(3);
  expect(served).toEqual([[1]]);
  while (served.length < 2) await sleep(5);
  expect(served).toEqual([[1], [2, 3]]);
  ask(4);
  while (served.length < 3) await sleep(5);
  expect(served[2]).toEqual([4]);
});

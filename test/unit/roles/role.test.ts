/** What is told to stop ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { endLate } from '../../../src/roles/role.ts';

it('what is told to stop and goes on is ended after a while, and not before it is told', async () => {
  const stop = new AbortController();
  let [began, ended] = [0, 0];
  endLate(stop.signal, 100, () => (ended = performance.now()));
  await sleep(150);
  expect(ended).toBe(0);
  began = performance.now();
  stop.abort();
  await sleep(50);
  expect(ended).toBe(0);
  while (ended === 0) await sleep(10);
  expect(ended - began).toBeGreaterThan(95);
});

// The heap against a sorted array.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeHeap } from '../../../src/matrix/heap.ts';

test('a heap gives back what went in, the first first, however pushes and pops mix', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer())), (moves) => {
      const heap = makeHeap<number>((a, b) => a < b);
      const model: number[] = [];
      for (const move of moves) {
        if (move === null) expect(heap.pop()).toBe(model.shift());
        else {
          heap.push(move);
          model.push(move);
          model.sort((a, b) => a - b);
        }
        expect(heap.size()).toBe(model.length);
      }
      while (model.length > 0) expect(heap.pop()).toBe(model.shift());
      expect(heap.pop()).toBeUndefined();
    }),
  );
});

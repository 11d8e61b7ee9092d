/** The newest number of each name, for names of which only the latest can be remembered. */
import { boundedCache } from '../bounded-cache.ts';

export interface NewestNumbers {
  note(name: string, number: number): void;
  /** Any name may have a number as great as this. */
  forget(number: number): void;
  /** Nothing after that number is forgotten. */
  reaches(number: number): boolean;
  /** The name has a newer number; also true where that is forgotten. Asking keeps nothing longer: the oldest number goes first. */
  isAfter(name: string, number: number): boolean;
}

/** Numbers only grow. Nothing is known of what came up to `from`. */
export function createNewestNumbers(names: number, from = 0): NewestNumbers {
  let forgotten = from;
  const newest = boundedCache<number>(names, {
    dispose: (number, _name, reason) => {
      if (reason === 'evict') forgotten = Math.max(forgotten, number);
    },
  });
  return {
    note: (name, number) => void newest.set(name, number),
    forget: (number) => void (forgotten = Math.max(forgotten, number)),
    reaches: (number) => number >= forgotten,
    isAfter: (name, number) => number < forgotten || (newest.peek(name) ?? 0) > number,
  };
}

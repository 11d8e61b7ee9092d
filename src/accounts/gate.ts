/** Lets a few through at a time: for work that takes a processor and memory, and that anybody may ask for. */
import { MatrixError } from '../matrix/errors.ts';

export interface Gate {
  /** Runs the work in its turn. Throws M_LIMIT_EXCEEDED when too many wait already. */
  pass<T>(work: () => Promise<T>): Promise<T>;
}

export function createGate({ atOnce, waiting: most }: { readonly atOnce: number; readonly waiting: number }): Gate {
  let inside = 0;
  const waiting: (() => void)[] = [];
  const enter = async (): Promise<void> => {
    if (inside < atOnce) {
      inside += 1;
      return;
    }
    if (waiting.length >= most) {
      throw new MatrixError('M_LIMIT_EXCEEDED', 'The server is overloaded.', { retry_after_ms: 2_000 });
    }
    await new Promise<void>((next) => waiting.push(next));
  };
  const leave = (): void => {
    // Whoever waits takes over the place.
    const next = waiting.shift();
    if (next === undefined) inside -= 1;
    else next();
  };
  return {
    async pass(work) {
      await enter();
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}

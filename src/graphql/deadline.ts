/** How long a request may take, and that nobody waits for it any more: then its statements are cancelled. */
import { MatrixError } from '../matrix/errors.ts';

export interface Deadline {
  /** Aborts with a MatrixError. */
  readonly signal: AbortSignal;
  /** Time runs from now on, if it does not already. */
  start(): void;
  /** Time does not run: what has begun to be written is not given up. */
  stop(): void;
  /** Nobody waits for the answer any more. */
  leave(): void;
}

/** `milliseconds` from start(). It does not run before. */
export function createDeadline(milliseconds: number): Deadline {
  const ended = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const end = (problem: string): void => {
    stop();
    ended.abort(new MatrixError('M_UNKNOWN', problem, { status: 503 }));
  };
  return {
    signal: ended.signal,
    start() {
      if (timer !== undefined || ended.signal.aborted) return;
      timer = setTimeout(
        end,
        milliseconds,
        `The request took longer than ${milliseconds / 1000} s. Ask for less at once.`,
      ).unref();
    },
    stop,
    leave: () => end('The request was given up.'),
  };
}

/** What `work` comes to, or the deadline's error as soon as there is one; `work` ends by itself, for its statements do. */
export async function within<T>({ signal }: Deadline, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', giveUp);
    work.catch(() => undefined);
  }
}

/** Tells the workers that there is something to read in the log: soon, together, and without anybody waiting for it. */
import { createPace } from '../database/pace.ts';
import type { JobQueue } from './queue.ts';

export interface Doorbell {
  ring(): void;
}

/** Commits that follow each other faster are told of together. */
const RING_EVERY_MS = 20;
/** A queue that is away is not asked fifty times a second: the workers look by themselves meanwhile. */
const REST_MS = 1_000;

/** `now` in milliseconds. Of failures nobody is told: the queue's own errors say enough. */
export function createDoorbell(queue: Pick<JobQueue, 'ring'>, now: () => number): Doorbell {
  let [ringing, quietUntil] = [false, -Infinity];
  const ring = createPace(RING_EVERY_MS, () => {
    if (ringing || now() < quietUntil) return;
    ringing = true;
    queue
      .ring('expand', [{}])
      .catch(() => (quietUntil = now() + REST_MS))
      .finally(() => (ringing = false));
  });
  return { ring };
}

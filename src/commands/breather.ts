/** Long work in small turns, so that nobody else has to wait for it. */
import { setImmediate } from 'node:timers/promises';

/** How long this process may be kept busy at one go. */
const TURN_MS = 8;

/** Waits for a turn of the event loop when this work has had its time, else not at all. */
export type Breathe = () => Promise<void> | undefined;

export function createBreather(): Breathe {
  let since = performance.now();
  const rest = async (): Promise<void> => {
    await setImmediate();
    since = performance.now();
  };
  return () => (performance.now() - since < TURN_MS ? undefined : rest());
}

/** When another server is asked whether a knock still stands: soon, then ever more rarely, then not at all. */

const FIRST_MS = 600_000;
const LONGEST_MS = 86_400_000;
const LAST_MS = 90 * 86_400_000;
/** Of a room and a user nobody is asked more often. */
export const PROBE_PAUSE_MS = 60_000;

/** Milliseconds. */
export function firstProbeAt(now: number): number {
  return now + FIRST_MS;
}

/**
 * The next time after `probes` of a membership that began at `beganAt`; null: it is given up. `chance` in [0, 1) spreads it by a
 * tenth, so that not all who knocked at once ask at once.
 */
export function nextProbeAt(probes: number, beganAt: number, now: number, chance: number): number | null {
  const wait = Math.min(FIRST_MS * 2 ** Math.min(probes, 20), LONGEST_MS);
  const next = now + Math.round(wait * (0.95 + chance / 10));
  return next - beganAt > LAST_MS ? null : next;
}

/** Times and rates, as people write them. */

/** So many at once, and so many a second after that. */
export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

/** Whoever fails is left alone for so long at first, in milliseconds, then for twice as long, and so on. */
export interface Backoff {
  readonly leastMs: number;
  readonly mostMs: number;
}

const SECONDS = { s: 1, min: 60, h: 3_600 } as const;

/** A rate such as `0.2/s burst 10`, or `off`; null: it is neither. */
export function parseRate(text: string): { readonly rate: Rate | null } | null {
  if (text.toLowerCase() === 'off') return { rate: null };
  const match = /^(\d{1,6}(?:\.\d{1,6})?)\/(s|min|h) burst ([1-9]\d{0,5})$/.exec(text);
  if (match === null || Number(match[1]) === 0) return null;
  const perSecond = Number(match[1]) / SECONDS[match[2] as keyof typeof SECONDS];
  return { rate: { perSecond, burst: Number(match[3]) } };
}

/** A time such as `500ms`, `60s`, `10min` or `24h`, in milliseconds. */
export function parseDuration(text: string): number | null {
  const match = /^([1-9]\d{0,5})(ms|s|min|h)$/.exec(text);
  return match === null ? null : Number(match[1]) * (match[2] === 'ms' ? 1 : SECONDS[match[2] as 's'] * 1_000);
}

/** Two times such as `10min to 24h`. */
export function parseBackoff(text: string): Backoff | null {
  const [leastMs, mostMs] = text.split(/\s+to\s+/).map(parseDuration);
  return leastMs && mostMs && leastMs <= mostMs ? { leastMs, mostMs } : null;
}

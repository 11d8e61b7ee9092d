/** Answers that are put together from what is there at once and from what is promised. */

/** What is still to come; null: nothing. */
export type Settling = Promise<unknown>[] | null;

export function isPromise(value: unknown): value is Promise<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

/** `whole`, once its parts are there. */
export function whenSettled<T>(settling: Settling, whole: T): T | Promise<T> {
  return settling === null ? whole : Promise.all(settling).then(() => whole);
}

/** Nobody waits for these any more, whatever becomes of them. */
export function abandon(settling: Settling): void {
  for (const part of settling ?? []) part.catch(() => undefined);
}

/** Notes that something was used: each thing once a minute, many at once, and never in anybody's way. */
import { boundedCache } from '../bounded-cache.ts';

export interface NotedUses<Use> {
  /** Notes a use. Returns at once; what cannot be written is forgotten. */
  note(use: Use): void;
  /** Resolves when nothing is being written any more. */
  close(): Promise<void>;
}

const EVERY_MS = 60_000;
const REMEMBERED = 20_000;

/** `nameOf` tells what was used; `now` in milliseconds, which `write` is told too. */
export function createNotedUses<Use>(
  nameOf: (use: Use) => string,
  write: (uses: readonly (Use & { readonly at: number })[]) => Promise<void>,
  now: () => number,
  onError: (error: unknown) => void,
): NotedUses<Use> {
  const noted = boundedCache<number>(REMEMBERED);
  let waiting: (Use & { readonly at: number })[] = [];
  let writing: Promise<void> | null = null;
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const uses = waiting;
      waiting = [];
      await write(uses).catch(onError);
    }
    writing = null;
  };
  return {
    note(use) {
      const at = now();
      const name = nameOf(use);
      if (at - (noted.get(name) ?? -Infinity) < EVERY_MS) return;
      noted.set(name, at);
      waiting.push({ ...use, at });
      writing ??= drain();
    },
    async close() {
      await writing;
    },
  };
}

/** Reads the log for other servers: who is owed what, piece by piece, until there is nothing more to read. */
import type { Db } from '../database/database.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import { expandOnce } from '../outbox/owe.ts';

export interface ExpandDeps {
  readonly db: Db;
  readonly self: ServerName;
  /** Told of those to whom something is owed now, and nothing was before. */
  readonly onOwed: (destinations: readonly ServerName[]) => void;
}

/** Resolves when all that was in the log at the call has been read. */
export async function expand({ db, self, onOwed }: ExpandDeps, signal?: AbortSignal): Promise<void> {
  for (;;) {
    const { more, destinations } = await expandOnce(db, self);
    if (destinations.length > 0) onOwed(destinations);
    if (!more || signal?.aborted === true) return;
  }
}

/** Servers that ask something of this one live: whatever waits for them is tried at once. */
import { boundedCache } from '../bounded-cache.ts';
import type { Db } from '../database/database.ts';
import type { ServerName } from '../matrix/identifiers.ts';
import { clearBackoff } from '../outbox/ledger.ts';
import type { JobQueue } from '../queue/queue.ts';

export interface HeardServersDeps {
  readonly db: Db;
  readonly queue: Pick<JobQueue, 'ring'>;
  /** Milliseconds. */
  readonly now: () => number;
  readonly onError: (error: Error) => void;
}

const MAX_SERVERS = 10_000;
/** A server that asks much is looked up once in a while, and one that asks and takes nothing is not tried at each request. */
const LOOK_AGAIN_MS = 1_000;
const CLEAR_AGAIN_MS = 10_000;

/** Nobody waits for what it makes, and it never throws. */
export function createHeardServers({ db, queue, now, onError }: HeardServersDeps): (server: ServerName) => void {
  const quietUntil = boundedCache<number>(MAX_SERVERS);
  const clear = async (server: ServerName): Promise<void> => {
    if (!(await clearBackoff(db, server))) return;
    quietUntil.set(server, now() + CLEAR_AGAIN_MS);
    // The workers look for it by themselves, too.
    await queue.ring('drain', [{ destinations: [server] }]).catch(() => undefined);
  };
  return (server) => {
    if (now() < (quietUntil.get(server) ?? 0)) return;
    quietUntil.set(server, now() + LOOK_AGAIN_MS);
    clear(server).catch(onError);
  };
}

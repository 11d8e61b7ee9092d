/** Connections to places, a few for each: while somebody uses them, and then for a while for whoever comes next. */
import { LRUCache } from 'lru-cache';
import type { Pool } from 'undici';
import type { Dialer, Place } from './dial.ts';

/** At most so many at once; requests beyond wait their turn, within their time. */
const CONNECTIONS_EACH = 8;
/** Places whose connections nobody uses. */
const MAX_IDLE = 500;

export interface Pools {
  /** What `use` gives with connections to the place, which are its own until then. Places of one key are the same. */
  run<T>(key: string, place: Place, use: (connections: Pool) => Promise<T>): Promise<T>;
  /** Cuts what is open. */
  close(): Promise<void>;
}

interface InUse {
  readonly pool: Promise<Pool>;
  users: number;
}

export function createPools(dialer: Dialer): Pools {
  let closed = false;
  const inUse = new Map<string, InUse>();
  const idle = new LRUCache<string, Pool>({
    max: MAX_IDLE,
    // What is taken out is used again.
    dispose: (pool, _key, reason) => void (reason === 'delete' || destroy(pool)),
  });
  const take = (key: string, place: Place): InUse => {
    const known = inUse.get(key);
    if (known !== undefined) return known;
    const rested = idle.get(key);
    idle.delete(key);
    const pool = rested === undefined ? dialer.dial(place, CONNECTIONS_EACH) : Promise.resolve(rested);
    const taken = { pool, users: 0 };
    inUse.set(key, taken);
    return taken;
  };
  const leave = (key: string, pool: Pool | null, taken: InUse): void => {
    taken.users -= 1;
    if (taken.users > 0) return;
    inUse.delete(key);
    if (pool === null) return;
    // Without a connection there is nothing to be kept.
    if (closed || pool.stats.connected === 0) void destroy(pool);
    else idle.set(key, pool);
  };
  return {
    async run(key, place, use) {
      if (closed) throw Object.assign(new Error('Requests to other servers are over.'), { code: 'ERR_CLOSED' });
      const taken = take(key, place);
      taken.users += 1;
      try {
        return await use(await taken.pool);
      } finally {
        leave(key, await taken.pool.catch(() => null), taken);
      }
    },
    async close() {
      closed = true;
      const used = await Promise.all([...inUse.values()].map(({ pool }) => pool.catch(() => null)));
      const open = [...idle.values(), ...used.filter((pool) => pool !== null)];
      await Promise.all(open.map(destroy));
    },
  };
}

async function destroy(pool: Pool): Promise<void> {
  // Nobody waits for what is thrown away.
  await pool.destroy().catch(() => undefined);
}

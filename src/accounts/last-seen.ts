/** Notes when and from where devices are used: to the minute, many at once, and never in anybody's way. */
import { LRUCache } from 'lru-cache';
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { UserId } from '../matrix/identifiers.ts';

export interface LastSeen {
  /** Notes a use. Returns at once; what cannot be written is forgotten. */
  note(device: { readonly userId: UserId; readonly deviceId: string }, ip: string): void;
  /** Resolves when nothing is being written any more. */
  close(): Promise<void>;
}

interface Use {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly ip: string;
  readonly at: number;
}

const EVERY_MS = 60_000;
const REMEMBERED = 20_000;

/** `now` in milliseconds. */
export function createLastSeen(db: Db, now: () => number, onError: (error: unknown) => void): LastSeen {
  const noted = new LRUCache<string, number>({ max: REMEMBERED });
  let waiting: Use[] = [];
  let writing: Promise<void> | null = null;
  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const uses = waiting;
      waiting = [];
      await write(db, uses).catch(onError);
    }
    writing = null;
  };
  return {
    note({ userId, deviceId }, ip) {
      const at = now();
      const key = `${userId} ${deviceId}`;
      if (at - (noted.get(key) ?? -Infinity) < EVERY_MS) return;
      noted.set(key, at);
      waiting.push({ userId, deviceId, ip, at });
      writing ??= drain();
    },
    async close() {
      await writing;
    },
  };
}

// A device that somebody holds is passed over: a note is not worth waiting, or being waited for in a circle.
async function write(db: Db, uses: readonly Use[]): Promise<void> {
  await sql`
    with used as (
      select d.user_id, d.device_id, u.at, u.ip
        from unnest(${uses.map((use) => use.userId)}::text[], ${uses.map((use) => use.deviceId)}::text[],
                    ${uses.map((use) => new Date(use.at))}::timestamptz[], ${uses.map((use) => use.ip)}::text[]) as u (user_id, device_id, at, ip)
        join devices d on d.user_id = u.user_id and d.device_id = u.device_id
         for update of d skip locked)
    update devices d set last_seen_at = u.at, last_seen_ip = u.ip from used u
     where d.user_id = u.user_id and d.device_id = u.device_id`.execute(db);
}

/** Notes when devices and service tokens are used, and from where devices are. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { UserId } from '../matrix/identifiers.ts';
import { createNotedUses } from './noted-uses.ts';
import { noteTokenUses } from './service-tokens.ts';

export interface LastSeen {
  /** Notes a use. Returns at once; what cannot be written is forgotten. */
  note(device: { readonly userId: UserId; readonly deviceId: string }, ip: string): void;
  /** Notes a use of a service token, by its public id. */
  noteToken(id: string): void;
  /** Resolves when nothing is being written any more. */
  close(): Promise<void>;
}

interface Use {
  readonly userId: UserId;
  readonly deviceId: string;
  readonly ip: string;
}

/** `now` in milliseconds. */
export function createLastSeen(db: Db, now: () => number, onError: (error: unknown) => void): LastSeen {
  const nameOf = ({ userId, deviceId }: Use): string => `${userId} ${deviceId}`;
  const uses = createNotedUses(nameOf, (used) => write(db, used), now, onError);
  const tokenUses = createNotedUses(
    ({ id }: { readonly id: string }) => id,
    (used) => noteTokenUses(db, used),
    now,
    onError,
  );
  return {
    note: ({ userId, deviceId }, ip) => uses.note({ userId, deviceId, ip }),
    noteToken: (id) => tokenUses.note({ id }),
    async close() {
      await Promise.all([uses.close(), tokenUses.close()]);
    },
  };
}

// A device that somebody holds is passed over: a note is not worth waiting, or being waited for in a circle.
async function write(db: Db, uses: readonly (Use & { readonly at: number })[]): Promise<void> {
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

/** Knocks that a server sends among other events though nobody of it is in the room: they count as those of send_knock do. */
import type { Db } from '../../database/database.ts';
import { MatrixError } from '../../matrix/errors.ts';
import { serverOf, type ServerName } from '../../matrix/identifiers.ts';
import { membershipOf } from '../../matrix/pdu.ts';
import { roomOfServer } from '../../projections/room-servers.ts';
import { drawsOfKnock, type Draw, type RateLimiter } from '../rate-limits.ts';
import type { NamedPdu } from './receive-checks.ts';

/** What such an event takes; nothing for any other. */
export async function drawsOfPushed(db: Db, { pdu, roomId }: NamedPdu, origin: ServerName): Promise<readonly Draw[]> {
  if (membershipOf(pdu) !== 'knock' || serverOf(pdu.sender) !== origin) return [];
  const room = await roomOfServer(db, roomId, origin);
  return room === null || room.present ? [] : drawsOfKnock(pdu.sender, roomId, origin);
}

/** Whether there is room for it in all of the buckets. */
export function isWithin(limits: RateLimiter | undefined, draws: readonly Draw[]): boolean {
  return unlessTooMany(() => limits?.look(...draws));
}

/** Counts what was taken; what was too many by then is not given back. */
export function countPushed(limits: RateLimiter | undefined, draws: readonly Draw[]): void {
  unlessTooMany(() => limits?.take(...draws));
}

function unlessTooMany(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (error instanceof MatrixError && error.errcode === 'M_LIMIT_EXCEEDED') return false;
    throw error;
  }
}

/** After a commit: rings for the workers where another server may be owed something. A server that is alone never does. */
import { sql } from 'kysely';
import { boundedCache } from '../bounded-cache.ts';
import type { Db } from '../database/database.ts';
import { createPace } from '../database/pace.ts';
import type { Appended, AppendedPdu } from '../log/append.ts';
import { serverOf, type ServerName } from '../matrix/identifiers.ts';
import type { Doorbell } from '../queue/doorbell.ts';

const MAX_ROOMS = 20_000;
const ASK_EVERY_MS = 200;

/** It may ring for nothing, and need not ring for all: what is owed is found in the log. */
export function createRinger(db: Db, self: ServerName, doorbell: Doorbell): (appended: Appended) => void {
  /** Whether other servers are in the room; unknown: not in it. */
  const shared = boundedCache<boolean>(MAX_ROOMS);
  const unknown = new Set<string>();
  /** Of these the database is being asked, and nothing has changed since. */
  const asked = new Set<string>();
  const askSoon = createPace(ASK_EVERY_MS, () => {
    const roomIds = [...unknown];
    unknown.clear();
    for (const roomId of roomIds) asked.add(roomId);
    const learn = (found: ReadonlySet<string> | null): void => {
      for (const roomId of roomIds) if (asked.delete(roomId) && found !== null) shared.set(roomId, found.has(roomId));
    };
    sharedRooms(db, roomIds, self).then(learn, () => learn(null));
  });
  const isOwed = ({ judged }: AppendedPdu): boolean => {
    const { roomId, presence, startsRoom, transitions } = judged;
    if (startsRoom) shared.set(roomId, false);
    // Asked for again by what comes next.
    if (presence !== null && [...presence.arrived, ...presence.departed].some((server) => server !== self)) {
      shared.delete(roomId);
      asked.delete(roomId);
    }
    // Who acted knows of it.
    const actor = serverOf(judged.pdu.sender);
    if (transitions.some(({ userId }) => ![self, actor].includes(serverOf(userId)))) return true;
    const known = shared.get(roomId);
    if (known === undefined) unknown.add(roomId);
    return judged.relay && known !== false;
  };
  return ({ events }) => {
    // All of them are looked at, for what they say of their rooms.
    if (events.filter(isOwed).length > 0) doorbell.ring();
    if (unknown.size > 0) askSoon();
  };
}

async function sharedRooms(db: Db, roomIds: readonly string[], self: ServerName): Promise<ReadonlySet<string>> {
  const { rows } = await sql<{ room_id: string }>`
    select distinct room_id from room_servers
     where room_id = any(${roomIds}::text[]) and server <> ${self} and to_at is null`.execute(db);
  return new Set(rows.map((row) => row.room_id));
}

/** Which servers have how many users in a room. */
import { sql } from 'kysely';
import type { Db } from '../../database/database.ts';
import type { ServerName } from '../../matrix/identifiers.ts';

/** Joined members by server, from the database: only while nothing of the room is pending. */
export async function countServers(db: Db, roomId: string): Promise<Map<ServerName, number>> {
  const counted = await sql<{ server: string; members: number }>`
    select substring(state_key from position(':' in state_key) + 1) as server, count(*)::int4 as members
      from room_state where room_id = ${roomId} and type = 'm.room.member' and membership = 'join' group by 1`.execute(
    db,
  );
  return new Map(counted.rows.map((row) => [row.server as ServerName, row.members]));
}

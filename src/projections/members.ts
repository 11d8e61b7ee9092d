/** Queries on the members of a room, over its current state. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { ServerName, UserId } from '../matrix/identifiers.ts';

/** Up to ten joined users of a server in a room; among `userIds`, or anybody when it is null. */
export async function joinedAmong(
  db: Db,
  roomId: string,
  server: ServerName,
  userIds: readonly string[] | null,
): Promise<readonly UserId[]> {
  const among = userIds === null ? sql`true` : sql`state_key = any(${userIds}::text[])`;
  const found = await sql<{ state_key: string }>`
    select state_key from room_state
     where room_id = ${roomId} and type = 'm.room.member' and membership = 'join'
       and right(state_key, ${server.length + 1}) = ${`:${server}`} and ${among}
     order by state_key limit 10`.execute(db);
  return found.rows.map((row) => row.state_key as UserId);
}

/** Whether a user is joined to one of these rooms at least. */
export async function isJoinedToAny(db: Db, roomIds: readonly string[], userId: string): Promise<boolean> {
  if (roomIds.length === 0) return false;
  const found = await sql`
    select from room_state
     where room_id = any(${roomIds}::text[]) and type = 'm.room.member' and state_key = ${userId} and membership = 'join'
     limit 1`.execute(db);
  return found.rows.length > 0;
}

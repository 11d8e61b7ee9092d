/** Rooms that users left and want to see no more. An invite, a knock or a join brings a room back by itself. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';

/**
 * Forgets a room that its user is out of, until they have to do with it again; once more is no error. False, and nothing is
 * forgotten, when they are not out of it: joined, invited, knocking, or never there.
 */
export async function forgetRoom(db: Db, userId: string, roomId: string): Promise<boolean> {
  // In one statement: an invite that is written meanwhile comes after the departure that is forgotten here.
  const { rows } = await sql`
    insert into forgotten_rooms (user_id, room_id, since)
    select ${userId}, ${roomId}, m.since from (
      select membership, since, 0 as rank from out_of_band where room_id = ${roomId} and user_id = ${userId}
      union all
      select membership, since, 1 from room_state where room_id = ${roomId} and type = 'm.room.member' and state_key = ${userId}
      order by rank limit 1) m
     where m.membership in ('leave', 'ban')
        on conflict (user_id, room_id) do update set since = excluded.since
    returning room_id`.execute(db);
  return rows.length > 0;
}

/** Those of the rooms that the user has forgotten, or of all rooms when none are named. */
export async function forgottenRooms(
  db: Db,
  userId: string,
  roomIds?: readonly string[],
): Promise<ReadonlySet<string>> {
  const named = roomIds === undefined ? sql`true` : sql`f.room_id = any(${roomIds}::text[])`;
  const { rows } = await sql<{ room_id: string }>`
    select f.room_id from forgotten_rooms f
     where f.user_id = ${userId} and ${named} and not exists (
       select from transitions t
        where t.room_id = f.room_id and t.user_id = f.user_id and t.at > f.since and t."to" in ('join', 'invite', 'knock'))`.execute(
    db,
  );
  return new Set(rows.map((row) => row.room_id));
}

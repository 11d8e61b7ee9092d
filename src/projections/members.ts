/** Queries on the members of a room, over its current state. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { readEvents } from '../log/read.ts';
import type { RoomId, ServerName, UserId } from '../matrix/identifiers.ts';
import type { JsonObject } from '../matrix/json.ts';
import type { Membership } from '../matrix/pdu.ts';

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

/** What is known here of a user's membership of some rooms. */
export interface MembershipOfRooms {
  /** They are joined to one of them at least. */
  readonly joined: boolean;
  /** Of one of them at least nobody here can tell. */
  readonly unknown: boolean;
}

/** Of rooms that nobody here is in, what was last known of them says nothing. */
export async function membershipOfRooms(
  db: Db,
  roomIds: readonly string[],
  userId: string,
): Promise<MembershipOfRooms> {
  if (roomIds.length === 0) return { joined: false, unknown: false };
  const found = await sql<MembershipOfRooms>`
    select coalesce(bool_or(r.room_id is not null and s.membership = 'join'), false) as joined,
           coalesce(bool_or(r.room_id is null), false) as unknown
      from unnest(${roomIds}::text[]) as k (room_id)
      left join rooms r on r.room_id = k.room_id and r.resident
      left join room_state s on s.room_id = r.room_id and s.type = 'm.room.member' and s.state_key = ${userId}`.execute(
    db,
  );
  return found.rows[0] ?? { joined: false, unknown: false };
}

export interface MembershipOfUser {
  readonly roomId: RoomId;
  /** Position of the member event. */
  readonly position: number;
}

/** Up to `limit` rooms after `after` in which a user has one of these memberships, be it from outside, by room id. */
export async function roomsWithMember(
  db: Db,
  userId: string,
  memberships: readonly Membership[],
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<readonly MembershipOfUser[]> {
  const found = await sql<MembershipOfUser>`
    select room_id as "roomId", event as position from (
      select room_id, event from room_state s
       where type = 'm.room.member' and state_key = ${userId} and membership = any(${memberships}::text[])
         and not exists (select from out_of_band o where o.room_id = s.room_id and o.user_id = s.state_key)
      union all
      select room_id, event from out_of_band where user_id = ${userId} and membership = any(${memberships}::text[])) m
     where room_id > ${after}
     order by room_id limit ${limit}`.execute(db);
  return found.rows;
}

/** The rooms that a user is joined to, ordered by id. */
export async function joinedRoomsOf(db: Db, userId: string): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('room_state')
    .select('room_id')
    .where('type', '=', 'm.room.member')
    .where('state_key', '=', userId)
    .where('membership', '=', 'join')
    .orderBy('room_id')
    .execute();
  return rows.map((row) => row.room_id);
}

/** Positions of the member events of a room's current state with one of these memberships, in order. */
export async function memberPositions(
  db: Db,
  roomId: string,
  memberships: readonly Membership[],
): Promise<readonly number[]> {
  const found = await sql<{ events: readonly number[] | null }>`
    select array_agg(event order by event) as events from room_state
     where room_id = ${roomId} and type = 'm.room.member' and membership = any(${memberships}::text[])`.execute(db);
  return found.rows[0]?.events ?? [];
}

/** The first `limit` of the users who are banned from a room, by user id, with the content of their member events. */
export async function bannedIn(
  db: Db,
  roomId: RoomId,
  limit: number,
): Promise<readonly { readonly userId: UserId; readonly content: JsonObject }[]> {
  const found = await sql<{ userId: UserId; event: number }>`
    select state_key as "userId", event from room_state
     where room_id = ${roomId} and type = 'm.room.member' and membership = 'ban'
     order by state_key limit ${limit}`.execute(db);
  const events = await readEvents(
    db,
    found.rows.map((row) => ({ roomId, position: row.event })),
  );
  return events.map(({ stateKey, content }) => ({ userId: stateKey as UserId, content }));
}

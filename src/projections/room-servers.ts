/** Queries on the servers of a room: which of them are in it, and when they were. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { serverOfUser } from '../log/transition-queries.ts';
import type { RoomId, ServerName } from '../matrix/identifiers.ts';

/** A room as far as it concerns one other server. */
export interface RoomOfServer {
  readonly roomId: RoomId;
  readonly version: string;
  /** Users of this server are in it. */
  readonly resident: boolean;
  /** Users of the other one are. */
  readonly present: boolean;
  /** Position of its access control list; null: it has none. */
  readonly acl: number | null;
}

/** Null: this server knows no such room. */
export async function roomOfServer(db: Db, roomId: RoomId, server: ServerName): Promise<RoomOfServer | null> {
  const found = await sql<RoomOfServer>`
    select r.room_id as "roomId", r.version, r.resident, s.event as acl,
           exists (select from room_servers p
                    where p.room_id = r.room_id and p.server = ${server} and p.to_at is null) as present
      from rooms r
      left join room_state s on s.room_id = r.room_id and s.type = 'm.room.server_acl' and s.state_key = ''
     where r.room_id = ${roomId}`.execute(db);
  return found.rows[0] ?? null;
}

/** Room positions between which something was so; it is so from the first on, and at `to` no more. Null: it still is. */
export interface Span {
  readonly from: number;
  readonly to: number | null;
}

/** When a server had members in a room. */
export async function presenceOf(db: Db, roomId: string, server: ServerName): Promise<readonly Span[]> {
  const rows = await db
    .selectFrom('room_servers')
    .select(['from_at', 'to_at'])
    .where('room_id', '=', roomId)
    .where('server', '=', server)
    .orderBy('from_at')
    .execute();
  return rows.map((row) => ({ from: row.from_at, to: row.to_at }));
}

/** When users of a server were invited to a room. Reads the transitions of the server's users. */
export async function invitesOf(db: Db, roomId: string, server: ServerName): Promise<readonly Span[]> {
  const found = await sql<Span>`
    select t.at as from, (
      select min(n.at) from transitions n
       where n.room_id = t.room_id and n.user_id = t.user_id and n.at > t.at) as to
      from transitions t
     where t.room_id = ${roomId} and t."to" = 'invite' and ${serverOfUser} = ${server}`.execute(db);
  return found.rows;
}

/** Which of these rooms a server is in. */
export async function roomsWithServer(
  db: Db,
  roomIds: readonly string[],
  server: ServerName,
): Promise<ReadonlySet<string>> {
  if (roomIds.length === 0) return new Set();
  const found = await sql<{ room_id: string }>`
    select distinct room_id from room_servers
     where room_id = any(${roomIds}::text[]) and server = ${server} and to_at is null`.execute(db);
  return new Set(found.rows.map((row) => row.room_id));
}

/** Those of the rooms that users of this server are in. */
export async function residentAmong(db: Db, roomIds: readonly string[]): Promise<ReadonlySet<string>> {
  if (roomIds.length === 0) return new Set();
  const rows = await db
    .selectFrom('rooms')
    .select('room_id')
    .where('room_id', '=', sql<string>`any(${roomIds}::text[])`)
    .where('resident', '=', true)
    .execute();
  return new Set(rows.map((row) => row.room_id));
}

/** Whether a user of the server is invited to the room. Looks at every member, unless nobody is invited. */
export async function isInvitedTo(db: Db, roomId: string, server: ServerName): Promise<boolean> {
  const found = await sql`
    select from rooms r join room_state s on s.room_id = r.room_id
     where r.room_id = ${roomId} and r.invited > 0 and s.type = 'm.room.member' and s.membership = 'invite'
       and right(s.state_key, ${server.length + 1}) = ${`:${server}`} limit 1`.execute(db);
  return found.rows.length > 0;
}

/** Positions of the first `limit` events of a space's current state that name its rooms, by room id. */
export async function spaceChildren(db: Db, roomId: string, limit: number): Promise<readonly number[]> {
  const rows = await db
    .selectFrom('room_state')
    .select('event')
    .where('room_id', '=', roomId)
    .where('type', '=', 'm.space.child')
    .orderBy('state_key')
    .limit(limit)
    .execute();
  return rows.map((row) => row.event);
}

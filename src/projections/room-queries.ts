/** Queries on rooms and their members: pages of them, single ones, counts. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import {
  inReadingOrder,
  rowsToRead,
  toPage,
  withinPage,
  type KeysetPage,
  type PageOfRows,
} from '../database/keyset.ts';
import type { Membership } from '../matrix/pdu.ts';

export interface RoomHead {
  readonly roomId: string;
  readonly version: string;
  readonly joined: number;
  readonly invited: number;
}

/** A page of these rooms, or of all with null, by room id. */
export async function pageRooms(
  db: Db,
  roomIds: readonly string[] | null,
  page: KeysetPage<string>,
): Promise<PageOfRows<RoomHead>> {
  const key = sql.ref('room_id');
  const found = await sql<RoomHead>`
    select room_id as "roomId", version, joined, invited from rooms
     where ${roomIds === null ? sql`true` : sql`room_id = any(${roomIds}::text[])`} and ${withinPage(key, page)}
     order by ${inReadingOrder(key, page)} limit ${rowsToRead(page)}`.execute(db);
  return toPage(found.rows, page);
}

/** How many of these rooms, or of all with null, this server knows. */
export async function countRooms(db: Db, roomIds: readonly string[] | null): Promise<number> {
  const found = await sql<{ count: number }>`
    select count(*) as count from rooms
     where ${roomIds === null ? sql`true` : sql`room_id = any(${roomIds}::text[])`}`.execute(db);
  return found.rows[0]?.count ?? 0;
}

/** These rooms, in the order asked; null where this server knows none. */
export async function roomsById(db: Db, roomIds: readonly string[]): Promise<readonly (RoomHead | null)[]> {
  const found = await sql<RoomHead>`
    select room_id as "roomId", version, joined, invited from rooms where room_id = any(${roomIds}::text[])`.execute(
    db,
  );
  const byId = new Map(found.rows.map((row) => [row.roomId, row]));
  return roomIds.map((roomId) => byId.get(roomId) ?? null);
}

export interface StateKey {
  readonly roomId: string;
  readonly type: string;
  readonly stateKey: string;
}

/** Positions of the events at these keys of the rooms' current states, in the order asked; null where a key has none. */
export async function currentEvents(db: Db, keys: readonly StateKey[]): Promise<readonly (number | null)[]> {
  const found = await sql<{ n: number; event: number }>`
    select k.n, s.event
      from unnest(${keys.map((_, n) => n)}::int4[], ${keys.map((k) => k.roomId)}::text[], ${keys.map((k) => k.type)}::text[],
                  ${keys.map((k) => k.stateKey)}::text[]) as k (n, room_id, type, state_key)
      join room_state s using (room_id, type, state_key)`.execute(db);
  const byKey = new Map(found.rows.map((row) => [row.n, row.event]));
  return keys.map((_, n) => byKey.get(n) ?? null);
}

export interface MemberRow {
  readonly roomId: string;
  readonly userId: string;
  readonly membership: Membership;
  /** Position of the member event. */
  readonly event: number;
  /** When the membership became what it is; null for what came with an import. */
  readonly since: Date | null;
}

// `since` counts in the room's own log, whose rows carry the time.
const MEMBER = sql`m.room_id as "roomId", m.state_key as "userId", m.membership, m.event, v.decided_at as since`;
const SINCE = sql`left join verdicts v on v.room_id = m.room_id and v.room_position = m.since`;

/** Which members of a room. */
export interface MemberList {
  readonly roomId: string;
  /** Their memberships. */
  readonly memberships: readonly Membership[];
  /** Somebody who is listed with any of `ownMemberships`. */
  readonly own: string;
  readonly ownMemberships: readonly Membership[];
}

// Memberships are a closed set of plain words: a list of lists travels as text.
const MATCHES = sql`(m.membership = any(string_to_array(l.memberships, ','))
  or (m.state_key = l.own and m.membership = any(string_to_array(l.own_memberships, ','))))`;

function unnested(lists: readonly MemberList[]) {
  return sql`unnest(${lists.map((_, n) => n)}::int4[], ${lists.map((l) => l.roomId)}::text[],
    ${lists.map((l) => l.memberships.join())}::text[], ${lists.map((l) => l.own)}::text[],
    ${lists.map((l) => l.ownMemberships.join())}::text[]) as l (n, room_id, memberships, own, own_memberships)`;
}

/** A page of each list of members, by user id. */
export async function pageMembers(
  db: Db,
  lists: readonly MemberList[],
  page: KeysetPage<string>,
): Promise<readonly PageOfRows<MemberRow>[]> {
  const key = sql.ref('m.state_key');
  const found = await sql<MemberRow & { n: number }>`
    select l.n, ${MEMBER} from ${unnested(lists)} cross join lateral (
      select m.room_id, m.state_key, m.membership, m.event, m.since from room_state m
       where m.room_id = l.room_id and m.type = 'm.room.member' and ${MATCHES} and ${withinPage(key, page)}
       order by ${inReadingOrder(key, page)} limit ${rowsToRead(page)}) m ${SINCE}
     order by l.n, ${inReadingOrder(key, page)}`.execute(db);
  const byList = Map.groupBy(found.rows, (row) => row.n);
  return lists.map((_, n) => toPage<MemberRow, string>(byList.get(n) ?? [], page));
}

/** How many members each list has. */
export async function countMembers(db: Db, lists: readonly MemberList[]): Promise<readonly number[]> {
  const found = await sql<{ n: number; count: number }>`
    select l.n, count(*) as count from ${unnested(lists)}
      join room_state m on m.room_id = l.room_id and m.type = 'm.room.member' and ${MATCHES}
     group by l.n`.execute(db);
  const byList = new Map(found.rows.map((row) => [row.n, row.count]));
  return lists.map((_, n) => byList.get(n) ?? 0);
}

/** A membership with its room; null where this server knows none. */
export interface MemberOfRoom extends MemberRow {
  readonly room: RoomHead | null;
}

/** All memberships of each of these users, past ones and those from outside too, by room id. */
export async function membershipsOfUsers(
  db: Db,
  userIds: readonly string[],
): Promise<readonly (readonly MemberOfRoom[])[]> {
  const found = await sql<MemberRow & Omit<RoomHead, 'version'> & { readonly version: string | null }>`
    select ${MEMBER}, h.version, h.joined, h.invited from (
      select s.room_id, s.state_key, s.membership, s.event, s.since from room_state s
       where s.type = 'm.room.member' and s.state_key = any(${userIds}::text[]) and s.membership is not null
         and not exists (select from out_of_band o where o.room_id = s.room_id and o.user_id = s.state_key)
      union all
      select room_id, user_id, membership, event, since from out_of_band where user_id = any(${userIds}::text[])) m ${SINCE}
      left join rooms h on h.room_id = m.room_id
     order by m.room_id`.execute(db);
  const rows = found.rows.map(({ version, joined, invited, ...member }) => {
    const { roomId } = member;
    return { ...member, room: version === null ? null : { roomId, version, joined, invited } };
  });
  const byUser = Map.groupBy(rows, (row) => row.userId);
  return userIds.map((userId) => byUser.get(userId) ?? []);
}

export interface MemberKey {
  readonly roomId: string;
  readonly userId: string;
}

/** These memberships, from outside where that is what is in force, in the order asked; null where there never was one. */
export async function membersByKey(db: Db, keys: readonly MemberKey[]): Promise<readonly (MemberRow | null)[]> {
  const found = await sql<MemberRow & { n: number }>`
    select k.n, ${MEMBER}
      from unnest(${keys.map((_, n) => n)}::int4[], ${keys.map((k) => k.roomId)}::text[], ${keys.map((k) => k.userId)}::text[])
           as k (n, room_id, user_id)
     cross join lateral (
       select room_id, user_id as state_key, membership, event, since, 0 as rank from out_of_band
        where room_id = k.room_id and user_id = k.user_id
       union all
       select room_id, state_key, membership, event, since, 1 from room_state
        where room_id = k.room_id and type = 'm.room.member' and state_key = k.user_id and membership is not null
        order by rank limit 1) m ${SINCE}`.execute(db);
  const byKey = new Map(found.rows.map((row) => [row.n, row]));
  return keys.map((_, n) => byKey.get(n) ?? null);
}

export interface RoomCount {
  readonly roomId: string;
  readonly membership: Membership;
  readonly count: number;
}

/** How many users of each membership these rooms have; zeros are left out. */
export async function membersByMembership(db: Db, roomIds: readonly string[]): Promise<readonly RoomCount[]> {
  const found = await sql<RoomCount>`
    select room_id as "roomId", membership, count(*) as count from room_state
     where room_id = any(${roomIds}::text[]) and type = 'm.room.member' and membership is not null
     group by room_id, membership`.execute(db);
  return found.rows;
}

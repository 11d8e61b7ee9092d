/** The current state as it was: rooms at a position or a time of the log, and pages of their members then. */
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

/** A room at a position of the log, or at a time (of recording, by this server's clock): one of the two is given. */
export interface RoomMoment {
  readonly roomId: string;
  readonly position: number | null;
  readonly time: Date | null;
}

/**
 * The places of these moments in their rooms' own logs: the room position of the last verdict by then, which is a point on
 * line 0. In the order asked; null where the room's log has not begun by then. One index probe a moment.
 */
export async function roomPositionsAt(db: Db, moments: readonly RoomMoment[]): Promise<readonly (number | null)[]> {
  const { rows } = await sql<{ n: number; at: number }>`
    select m.n, v.room_position as at
      from unnest(${moments.map((_, n) => n)}::int4[], ${moments.map((m) => m.roomId)}::text[],
                  ${moments.map((m) => m.position)}::int8[], ${moments.map((m) => m.time)}::timestamptz[]) as m (n, room_id, position, time)
     cross join lateral (
       (select room_position from verdicts
         where room_id = m.room_id and position <= m.position order by position desc limit 1)
       union all
       (select room_position from verdicts
         where room_id = m.room_id and decided_at <= m.time order by decided_at desc, room_position desc limit 1)) v`.execute(
    db,
  );
  const byMoment = new Map(rows.map((row) => [row.n, row.at]));
  return moments.map((_, n) => byMoment.get(n) ?? null);
}

/** A user's membership as it was. */
export interface PastMember {
  readonly roomId: string;
  readonly userId: string;
  readonly membership: Membership;
  /** Position of the member event. */
  readonly event: number;
  /** When the membership became what it was. */
  readonly since: Date | null;
  /** The room position that it is told of. */
  readonly at: number;
}

/** Which members of a room at a room position. */
export interface PastMemberList {
  readonly roomId: string;
  readonly at: number;
  readonly memberships: readonly Membership[];
  /** Somebody who is listed with any of `ownMemberships`. */
  readonly own: string;
  readonly ownMemberships: readonly Membership[];
}

const MEMBER = sql`m.room_id as "roomId", m.state_key as "userId", m.membership, m.event, m.list_at as at, s.recorded_at as since`;
// A changed profile makes no transition, and a knock, invite or ban that was said again is the one that it was.
const SINCE = sql`left join lateral (
  select t.recorded_at from transitions t
   where t.room_id = m.room_id and t.user_id = m.state_key and t.at <= m.list_at and t.in_room and t."from" <> t."to"
   order by t.at desc limit 1) s on true`;

/**
 * A page of each list of members, by user id. Walks the changes of the members from the page's bound on, in the order of an
 * index, and stops when the page is full: what it reads depends on the page and not on the room.
 *
 *   select … from (select state_key, max(at) from state_changes where … and line = 0 and at <= $at group by state_key) k
 *     cross join lateral (the change at that place) where membership = any(…) order by state_key limit 51
 */
export async function pageMembersAt(
  db: Db,
  lists: readonly PastMemberList[],
  page: KeysetPage<string>,
): Promise<readonly PageOfRows<PastMember>[]> {
  const key = sql.ref('c.state_key');
  const found = await Promise.all(
    lists.map(({ roomId, at, memberships, own, ownMemberships }) =>
      sql<PastMember>`
        select ${MEMBER} from (
          select w.room_id, w.state_key, w.membership, w.event, ${at}::int8 as list_at
            from (select c.state_key, max(c.at) as at from state_changes c
                   where c.room_id = ${roomId} and c.type = 'm.room.member' and c.line = 0 and c.at <= ${at}
                     and ${withinPage(key, page)}
                   group by c.state_key order by ${inReadingOrder(key, page)}) k
           cross join lateral (
             select * from state_changes d
              where d.room_id = ${roomId} and d.line = 0 and d.at = k.at and d.type = 'm.room.member' and d.state_key = k.state_key
             offset 0) w
           where w.event is not null and (w.membership = any(${memberships}::text[])
             or (w.state_key = ${own} and w.membership = any(${ownMemberships}::text[])))
           order by ${inReadingOrder(sql.ref('k.state_key'), page)} limit ${rowsToRead(page)}) m ${SINCE}
         order by ${inReadingOrder(sql.ref('m.state_key'), page)}`.execute(db),
    ),
  );
  return found.map(({ rows }) => toPage<PastMember, string>(rows, page));
}

/** How many members each list has. Reads all changes of the room's members up to there. */
export async function countMembersAt(db: Db, lists: readonly PastMemberList[]): Promise<readonly number[]> {
  const found = await Promise.all(
    lists.map(({ roomId, at, memberships, own, ownMemberships }) =>
      sql<{ count: number }>`
        select count(*) as count from (
          select distinct on (state_key) state_key, event, membership from state_changes
           where room_id = ${roomId} and type = 'm.room.member' and line = 0 and at <= ${at}
           order by state_key, at desc) m
         where event is not null and (membership = any(${memberships}::text[])
            or (state_key = ${own} and membership = any(${ownMemberships}::text[])))`.execute(db),
    ),
  );
  return found.map(({ rows }) => rows[0]?.count ?? 0);
}

export interface PastMemberKey {
  readonly roomId: string;
  readonly at: number;
  readonly userId: string;
}

/** These memberships, in the order asked; null where there was none. */
export async function membersAt(db: Db, keys: readonly PastMemberKey[]): Promise<readonly (PastMember | null)[]> {
  const { rows } = await sql<PastMember & { n: number }>`
    select m.n, ${MEMBER} from (
      select k.n, k.room_id, k.user_id as state_key, k.at as list_at, c.event, c.membership
        from unnest(${keys.map((_, n) => n)}::int4[], ${keys.map((k) => k.roomId)}::text[], ${keys.map((k) => k.at)}::int8[],
                    ${keys.map((k) => k.userId)}::text[]) as k (n, room_id, at, user_id)
       cross join lateral (
         select event, membership from state_changes
          where room_id = k.room_id and type = 'm.room.member' and state_key = k.user_id and line = 0 and at <= k.at
          order by at desc limit 1) c
       where c.event is not null) m ${SINCE}`.execute(db);
  const byKey = new Map(rows.map((row) => [row.n, row]));
  return keys.map((_, n) => byKey.get(n) ?? null);
}

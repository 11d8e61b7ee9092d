/** The current state as it was: rooms at a position or a time of the log, and pages of their members then. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
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

/** A room at a position of the log. */
export interface RoomMoment {
  readonly roomId: string;
  readonly position: number;
}

/**
 * The places of these moments in their rooms' own logs: the room position of the last verdict by then, which is a point on
 * line 0. In the order asked; null where the room's log has not begun by then. One index probe a moment: compared as a pair, so
 * that a quiet room is not looked for among all that happened since elsewhere.
 */
export async function roomPositionsAt(db: Db, moments: readonly RoomMoment[]): Promise<readonly (number | null)[]> {
  const { rows } = await sql<{ n: number; at: number }>`
    select m.n, v.room_position as at
      from unnest(${moments.map((_, n) => n)}::int4[], ${moments.map((m) => m.roomId)}::text[],
                  ${moments.map((m) => m.position)}::int8[]) as m (n, room_id, position)
     cross join lateral (
       select room_id, room_position from verdicts
        where (room_id, position) <= (m.room_id, m.position) order by room_id desc, position desc limit 1) v
     where v.room_id = m.room_id`.execute(db);
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

/** A page of each list of members, by user id. */
export async function pageMembersAt(
  db: Db,
  lists: readonly PastMemberList[],
  page: KeysetPage<string>,
): Promise<readonly PageOfRows<PastMember>[]> {
  return Promise.all(lists.map(async (list) => toPage(await readMembersAt(db, list, page), page)));
}

/** So many members are looked at one by one for a page: where more than these are not on the list, all are read at once. */
const STEPS = 1_000;

async function readMembersAt(db: Db, list: PastMemberList, page: KeysetPage<string>): Promise<readonly PastMember[]> {
  const steps = await walkMembersAt(db, list, page);
  const found = steps.flatMap(({ step: _step, membership, ...row }) =>
    membership === null ? [] : [{ ...row, membership }],
  );
  const isCutOff = found.length < rowsToRead(page) && steps.at(-1)?.step === STEPS;
  return isCutOff ? scanMembersAt(db, list, page) : found;
}

function matches({ memberships, own, ownMemberships }: PastMemberList): RawBuilder<SqlBool> {
  return sql<SqlBool>`(w.membership = any(${memberships}::text[])
    or (w.state_key = ${own} and w.membership = any(${ownMemberships}::text[])))`;
}

/** No membership: the last member that was looked at, who is not on the list. */
interface Step extends Omit<PastMember, 'membership'> {
  readonly membership: Membership | null;
  readonly step: number;
}

/**
 * From member to member along the index, two probes each, whatever the size of the room and however often its members changed:
 *
 *   with recursive k as ((first key behind the cursor) union all (the key behind the last))
 *   select … from k cross join lateral (its last change at or before $at) where membership = any(…) limit 51
 */
async function walkMembersAt(db: Db, list: PastMemberList, page: KeysetPage<string>): Promise<readonly Step[]> {
  const { roomId, at } = list;
  const key = sql.ref('c.state_key');
  const direction = inReadingOrder(key, page);
  const further = page.fromEnd === page.descending ? sql`>` : sql`<`;
  const next = (behind: RawBuilder<SqlBool>) => sql`
    select c.state_key from state_changes c
     where c.room_id = ${roomId} and c.type = 'm.room.member' and ${behind} and ${withinPage(key, page)}
     order by ${direction} limit 1`;
  const { rows } = await sql<Step>`
    with recursive k (state_key, step) as (
      select f.state_key, 1 from (${next(sql`true`)}) f
      union all
      select n.state_key, k.step + 1 from k cross join lateral (${next(sql`c.state_key ${further} k.state_key`)}) n
       where k.step < ${STEPS})
    select ${MEMBER}, m.step from (
      select ${roomId}::text as room_id, k.state_key, k.step, w.event, w.membership, ${at}::int8 as list_at
        from k left join lateral (
          select * from (
            select c.state_key, c.event, c.membership from state_changes c
             where c.room_id = ${roomId} and c.type = 'm.room.member' and c.state_key = k.state_key and c.line = 0 and c.at <= ${at}
             order by c.at desc limit 1) w
           where w.event is not null and ${matches(list)}) w on true
       where w.event is not null or k.step = ${STEPS}
       limit ${rowsToRead(page)}) m ${SINCE}
     order by m.step`.execute(db);
  return rows;
}

/** All changes of the members up to there, the last of each. */
async function scanMembersAt(db: Db, list: PastMemberList, page: KeysetPage<string>): Promise<readonly PastMember[]> {
  const { roomId, at } = list;
  const { rows } = await sql<PastMember>`
    select ${MEMBER} from (
      select ${roomId}::text as room_id, w.*, ${at}::int8 as list_at from (
        select distinct on (c.state_key) c.state_key, c.event, c.membership from state_changes c
         where c.room_id = ${roomId} and c.type = 'm.room.member' and c.line = 0 and c.at <= ${at}
           and ${withinPage(sql.ref('c.state_key'), page)}
         order by c.state_key, c.at desc) w
       where w.event is not null and ${matches(list)}
       order by ${inReadingOrder(sql.ref('w.state_key'), page)} limit ${rowsToRead(page)}) m ${SINCE}
     order by ${inReadingOrder(sql.ref('m.state_key'), page)}`.execute(db);
  return rows;
}

/** How many members each list has. Reads all changes of the room's members up to there. */
export async function countMembersAt(db: Db, lists: readonly PastMemberList[]): Promise<readonly number[]> {
  const found = await Promise.all(
    lists.map((list) =>
      sql<{ count: number }>`
        select count(*) as count from (
          select distinct on (state_key) state_key, event, membership from state_changes
           where room_id = ${list.roomId} and type = 'm.room.member' and line = 0 and at <= ${list.at}
           order by state_key, at desc) w
         where event is not null and ${matches(list)}`.execute(db),
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

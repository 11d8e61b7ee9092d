/** Whose membership in a room differs between two moments, and a user's next move. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { rowsToRead, toPage, type KeysetPage, type PageOfRows } from '../database/keyset.ts';
import type { Membership } from '../matrix/pdu.ts';

export interface MembershipDiff {
  readonly roomId: string;
  readonly userId: string;
  readonly from: Membership | 'none';
  readonly to: Membership | 'none';
  /** Position of the user's last transition between the moments. */
  readonly position: number;
}

/** Two moments of a room, by room position. */
export interface RoomSpan {
  readonly roomId: string;
  readonly from: number;
  readonly to: number;
  /** Only this user; null: everybody. */
  readonly userId: string | null;
}

/**
 * A page of those whose membership was another one at `to` than at `from`, by when it last changed between the two. Reads the
 * room's transitions between the two moments from the page's bound on, until the page is full.
 *
 *   select … from transitions t (the user's last up to $to) cross join lateral (what stood at $from) cross join lateral (… $to)
 *    where room_id = $1 and position between … and a.membership <> b.membership order by position limit 51
 */
export async function pageMembershipDiff(
  db: Db,
  { roomId, from, to, userId }: RoomSpan,
  page: KeysetPage,
): Promise<PageOfRows<MembershipDiff>> {
  const direction = page.fromEnd === page.descending ? sql`asc` : sql`desc`;
  const only = userId === null ? sql`true` : sql`t.user_id = ${userId}`;
  const stood = (at: number) => sql`
    (select coalesce((
       select c.membership from state_changes c
        where c.room_id = t.room_id and c.type = 'm.room.member' and c.state_key = t.user_id and c.line = 0 and c.at <= ${at}
        order by c.at desc limit 1), 'none') as membership)`;
  // A verdict's transitions have the positions behind it.
  const { rows } = await sql<MembershipDiff>`
    select t.room_id as "roomId", t.user_id as "userId", a.membership as "from", b.membership as "to", t.position
      from transitions t cross join lateral ${stood(from)} a cross join lateral ${stood(to)} b
     where (t.room_id, t.position) > (${roomId}, greatest(${page.after ?? 0}::int8, (
         select position from verdicts where room_id = ${roomId} and room_position = ${from})))
       and (t.room_id, t.position) < (${roomId}, least(${page.before}::int8, (
         select position from verdicts where room_id = ${roomId} and room_position = ${to + 1}), ${Number.MAX_SAFE_INTEGER}::int8))
       and t.in_room and t.at > ${from} and t.at <= ${to} and ${only}
       and not exists (
         select from transitions n where n.room_id = t.room_id and n.user_id = t.user_id and n.at > t.at and n.at <= ${to} and n.in_room)
       and a.membership <> b.membership
     order by t.room_id ${direction}, t.position ${direction} limit ${rowsToRead(page)}`.execute(db);
  return toPage(rows, page);
}

/** A place in a user's history in a room. */
export interface UserMoment {
  readonly roomId: string;
  readonly userId: string;
  readonly position: number;
}

/** Positions of the users' next transitions to another membership, in the order asked; null where there is none yet. */
export async function nextMoves(db: Db, moments: readonly UserMoment[]): Promise<readonly (number | null)[]> {
  const { rows } = await sql<{ n: number; position: number }>`
    select m.n, t.position
      from unnest(${moments.map((_, n) => n)}::int4[], ${moments.map((m) => m.roomId)}::text[],
                  ${moments.map((m) => m.userId)}::text[], ${moments.map((m) => m.position)}::int8[]) as m (n, room_id, user_id, position)
     cross join lateral (
       select position from transitions
        where room_id = m.room_id and user_id = m.user_id and position > m.position and "from" <> "to"
        order by at limit 1) t`.execute(db);
  const byMoment = new Map(rows.map((row) => [row.n, row.position]));
  return moments.map((_, n) => byMoment.get(n) ?? null);
}

/** Ways back through a room's graph, from event to predecessor: what other servers ask for when they miss something. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { EventId } from '../matrix/identifiers.ts';

export interface Walk {
  /** Where it begins. */
  readonly from: readonly EventId[];
  /** Where it does not go on. */
  readonly until: readonly EventId[];
  /** Whether those where it begins count. */
  readonly withFrom: boolean;
  readonly minDepth: number;
  readonly limit: number;
}

/** How many events that are not told a walk may pass. */
const PASSED = 500;

/**
 * Positions of up to `limit` accepted and soft-failed events, those nearest to the beginning, the deepest first. Events of
 * other rooms and unknown ones are no beginning.
 */
export async function walkBack(db: Db, roomId: string, walk: Walk): Promise<readonly number[]> {
  const { from, until, withFrom, minDepth, limit } = walk;
  const newest = (event: string) => sql`lateral (
    select v.verdict, v.prev from verdicts v where v.room_id = ${roomId} and v.event = ${sql.ref(event)}
     order by v.room_position desc limit 1)`;
  const stops = sql`array(select position from events where room_id = ${roomId} and event_id = any(${until}::text[]))`;
  const starts = sql`(select position from events where room_id = ${roomId} and event_id = any(${from}::text[])) s`;
  const first = withFrom
    ? sql`select s.position from ${starts}`
    : sql`select p.event from ${starts} cross join ${newest('s.position')} v cross join unnest(v.prev) as p (event)
           where p.event <> 0 and p.event <> all(${stops})`;
  // Rows are made as they are asked for: nobody walks further than the limit.
  const found = await sql<{ event: number }>`
    with recursive walk (event) as (
      ${first}
      union
      select p.event from walk w cross join ${newest('w.event')} v cross join unnest(v.prev) as p (event)
       where p.event <> 0 and p.event <> all(${stops}))
    select t.event from (
      select w.event, e.depth from (select event, row_number() over () as n from walk limit ${limit + PASSED}) w
        join events e on e.room_id = ${roomId} and e.position = w.event
        cross join ${newest('w.event')} v
       where v.verdict in ('accepted', 'soft_failed') and e.depth >= ${minDepth} order by w.n limit ${limit}) t
     order by t.depth desc, t.event desc`.execute(db);
  return found.rows.map((row) => row.event);
}

/** What another server may be told of a stored event. */
export interface EventPlace {
  readonly position: number;
  readonly roomId: string;
  readonly verdict: string | null;
  /** Its own auth events refuse it. */
  readonly refused: boolean;
  readonly auth: readonly number[];
  /** The state before it; null: there is none that counts. */
  readonly before: { readonly line: number; readonly at: number } | null;
}

/** Null: no such event is stored; with `roomId`, not in that room. What is known of it as an event of its room goes first. */
export async function placeOf(db: Db, eventId: string, roomId?: string): Promise<EventPlace | null> {
  const found = await sql<Omit<EventPlace, 'before'> & { line: number | null; at: number | null }>`
    select e.position, e.room_id as "roomId", e.auth, e.auth_rejection is not null as refused, v.verdict,
           v.before_line as line, v.before_at as at
      from events e
      left join lateral (
        select w.* from verdicts w where w.room_id = e.room_id and w.event = e.position
         order by w.room_position desc limit 1) v on true
     where e.event_id = ${eventId} and ${roomId === undefined ? sql`true` : sql`e.room_id = ${roomId}`}
     order by e.out_of_band, e.position limit 1`.execute(db);
  const [row] = found.rows;
  if (row === undefined) return null;
  const { line, at, ...rest } = row;
  return { ...rest, before: line === null || at === null ? null : { line, at } };
}

/** A point of a room's state log. */
export interface PointBefore {
  readonly line: number;
  readonly at: number;
  /** Where the branch that it is on left the main line; the point itself if it is on that. */
  readonly mainAt: number;
}

/** The states before events, by position; those that have none that counts are left out. */
export async function pointsBefore(
  db: Db,
  roomId: string,
  positions: readonly number[],
): Promise<ReadonlyMap<number, PointBefore>> {
  if (positions.length === 0) return new Map();
  const found = await sql<PointBefore & { event: number }>`
    with recursive asked as (
      select k.event, v.before_line as line, v.before_at as at
        from unnest(${positions}::int8[]) as k (event)
        cross join lateral (
          select w.before_line, w.before_at from verdicts w where w.room_id = ${roomId} and w.event = k.event
           order by w.room_position desc limit 1) v
       where v.before_line is not null),
    path (event, line, at) as (
      select event, line, at from asked
      union all
      select p.event, l.parent_line, l.parent_at from path p
        join state_lines l on l.room_id = ${roomId} and l.line = p.line where l.parent_line is not null)
    select a.event, a.line, a.at, p.at as "mainAt" from asked a join path p on p.event = a.event and p.line = 0`.execute(
    db,
  );
  return new Map(found.rows.map(({ event, ...point }) => [event, point]));
}

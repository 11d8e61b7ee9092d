/** Reads of a room's branch lines: the paths of points, the changes between them, and what a new line needs to know. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { LineChange, Path, Stretch } from './branches.ts';
import type { Ref } from './state-lines.ts';

/** The paths of several points, in the order asked; one query when any of them is off line 0. */
export async function readPaths(db: Db, roomId: string, refs: readonly Ref[]): Promise<readonly Path[]> {
  const branched = refs.filter(({ line }) => line !== 0);
  if (branched.length === 0) return refs.map((ref) => [ref]);
  const { rows } = await sql<Ref & { n: number }>`
    with recursive path (n, line, at, step) as (
      select r.n, r.line, r.at, 0 from unnest(${branched.map((r) => r.line)}::int4[], ${branched.map((r) => r.at)}::int8[])
        with ordinality as r (line, at, n)
      union all
      select p.n, l.parent_line, l.parent_at, p.step + 1 from path p
        join state_lines l on l.room_id = ${roomId} and l.line = p.line where l.parent_line is not null)
    select n::int4 as n, line, at from path order by n, step`.execute(db);
  const found = Map.groupBy(rows, ({ n }) => n);
  let next = 0;
  return refs.map((ref) =>
    ref.line === 0 ? [ref] : (found.get((next += 1)) ?? []).map(({ line, at }) => ({ line, at })),
  );
}

/** Every change of a stretch: two range scans, one of the common line and one of each other. */
export async function readStretch(db: Db, roomId: string, stretch: Stretch): Promise<readonly LineChange[]> {
  const { common, after, upTo, sides } = stretch;
  if (after === upTo && sides.length === 0) return [];
  const { rows } = await sql<LineChange>`
    select line, at, type, state_key as "stateKey", event, previous from state_changes
     where room_id = ${roomId} and line = ${common} and at > ${after} and at <= ${upTo}
    union all
    select s.line, s.at, s.type, s.state_key, s.event, s.previous
      from unnest(${sides.map((r) => r.line)}::int4[], ${sides.map((r) => r.at)}::int8[]) as p (line, at)
     cross join lateral (
       select * from state_changes c where c.room_id = ${roomId} and c.line = p.line and c.at <= p.at offset 0) s`.execute(
    db,
  );
  return rows;
}

/** The number of a room's next line. */
export async function readNextLine(db: Db, roomId: string): Promise<number> {
  const { rows } = await sql<{ next: number }>`
    select coalesce(max(line), 0)::int4 + 1 as next from state_lines where room_id = ${roomId}`.execute(db);
  return rows[0]!.next;
}

/** What is needed to branch off a line, or to go on where it ends. */
export interface LineFacts {
  readonly depth: number;
  /** The last change on it. */
  readonly tip: number;
}

export async function readLineFacts(db: Db, roomId: string, line: number): Promise<LineFacts> {
  const { rows } = await sql<LineFacts>`
    select depth::int4 as depth,
           (select coalesce(max(at), 0) from state_changes where room_id = ${roomId} and line = ${line})::int8 as tip
      from state_lines where room_id = ${roomId} and line = ${line}`.execute(db);
  return rows[0] ?? { depth: 0, tip: 0 };
}

/** What is known of an event that another one cites as its predecessor. */
export interface Predecessor {
  readonly eventId: string;
  /** Of its row in `events`; null: it is not there. */
  readonly position: number | null;
  readonly verdict: string | null;
  readonly before: Ref | null;
  readonly after: Ref | null;
  /** The state after it that another server claims, where the event itself could not be had. */
  readonly claimed: Ref | null;
}

/** The predecessors of those ids, in the order asked. Of several verdicts on one event the newest holds. */
export async function readPredecessors(
  db: Db,
  roomId: string,
  eventIds: readonly string[],
): Promise<readonly Predecessor[]> {
  if (eventIds.length === 0) return [];
  const { rows } = await sql<{
    event_id: string;
    position: number | null;
    verdict: string | null;
    before_line: number | null;
    before_at: number | null;
    after_line: number | null;
    after_at: number | null;
    claimed_line: number | null;
    claimed_at: number | null;
  }>`
    select k.event_id, e.position, v.verdict, v.before_line, v.before_at, v.after_line, v.after_at,
           g.line as claimed_line, g.at as claimed_at
      from unnest(${eventIds}::text[]) with ordinality as k (event_id, n)
      left join events e on e.event_id = k.event_id and e.room_id = ${roomId} and not e.out_of_band
      left join lateral (
        select w.* from verdicts w where w.room_id = ${roomId} and w.event = e.position order by w.room_position desc limit 1) v on true
      left join lateral (
        select h.line, h.at from gaps h
         where h.room_id = ${roomId} and h.missing_event_id = k.event_id and h.line is not null order by h.cited_by limit 1) g on true
     order by k.n`.execute(db);
  return rows.map((row) => ({
    eventId: row.event_id,
    position: row.position,
    verdict: row.verdict,
    before: refOf(row.before_line, row.before_at),
    after: refOf(row.after_line, row.after_at),
    claimed: refOf(row.claimed_line, row.claimed_at),
  }));
}

function refOf(line: number | null, at: number | null): Ref | null {
  return line === null || at === null ? null : { line, at };
}

/** A place in the clients' order of events. */
export interface Place {
  readonly anchor: number;
  readonly back: number;
}

/**
 * The place of an event that accepted events cite already: before the first of them, and before all that was found there
 * earlier. Null when none does. `known` is the event's position if it was judged before: then what cites it may do so by
 * that; else it cites an event that was missing.
 */
export async function placeOfCited(
  db: Db,
  roomId: string,
  eventId: string,
  known: number | null,
): Promise<Place | null> {
  const judgedBefore = sql`
    union select w.event from verdicts w
     where w.room_id = ${roomId} and ${known}::int8 = any(w.prev) and w.room_position > (
       select min(x.room_position) from verdicts x where x.room_id = ${roomId} and x.event = ${known})`;
  const { rows } = await sql<Place>`
    with citers (event) as (
      select cited_by from gaps where room_id = ${roomId} and missing_event_id = ${eventId} ${known === null ? sql`` : judgedBefore})
    select v.anchor, (select min(w.back) from verdicts w
             where w.room_id = ${roomId} and w.anchor = v.anchor and w.verdict = 'accepted') - 1 as back
      from citers c
     cross join lateral (
       select w.verdict, w.anchor, w.back from verdicts w
        where w.room_id = ${roomId} and w.event = c.event order by w.room_position desc limit 1) v
     where v.verdict = 'accepted'
     order by v.anchor, v.back limit 1`.execute(db);
  return rows[0] ?? null;
}

/** The events that an event replaces as ends of the graph: its predecessors, and through those that were refused theirs. */
export async function readReplaced(
  db: Db,
  roomId: string,
  predecessors: readonly number[],
): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ event: number }>`
    with recursive replaced (event) as (
      select unnest(${predecessors}::int8[])
      union
      select unnest(v.prev) from replaced r cross join lateral (
        select w.verdict, w.prev from verdicts w
         where w.room_id = ${roomId} and w.event = r.event order by w.room_position desc limit 1) v
       where v.verdict in ('soft_failed', 'rejected'))
    select event from replaced where event <> 0`.execute(db);
  return new Set(rows.map(({ event }) => event));
}

/** For each user the position of their newest transition in the room; those who have none are left out. */
export async function newestTransitions(
  db: Db,
  roomId: string,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (userIds.length === 0) return new Map();
  const { rows } = await sql<{ user_id: string; position: number }>`
    select u.user_id, t.position from unnest(${userIds}::text[]) as u (user_id)
     cross join lateral (
       select position from transitions where room_id = ${roomId} and user_id = u.user_id order by at desc limit 1) t`.execute(
    db,
  );
  return new Map(rows.map((row) => [row.user_id, row.position]));
}

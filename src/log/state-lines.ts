/** A room's state at any point: look-ups in its log of changes, whose forks are branch lines. */
import { stateKeyText } from '../matrix/auth-events.ts';
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { Membership } from '../matrix/pdu.ts';

/** A point on a line: the state after the last change at or before `at`. Line 0 is the room's current (resolved) state. */
export interface Ref {
  readonly line: number;
  readonly at: number;
}

export interface StateRow {
  readonly type: string;
  readonly stateKey: string;
  /** Position of the event. */
  readonly event: number;
  readonly membership: Membership | null;
}

/**
 * The events at some keys of the state at `ref`: one index probe a key and line. Keys that have no value are left out.
 *
 *   select … from (values …) keys cross join lateral (select event from state_changes
 *     where room_id = $1 and type = … and state_key = … and line = … and at <= … order by at desc limit 1)
 */
export async function valuesAt(
  db: Db,
  roomId: string,
  ref: Ref,
  keys: readonly (readonly [type: string, stateKey: string])[],
): Promise<Map<string, number>> {
  if (keys.length === 0) return new Map();
  const path = await pathOf(db, roomId, ref);
  const found = await sql<{ type: string; state_key: string; event: number | null }>`
    select k.type, k.state_key, c.event
      from unnest(${keys.map((k) => k[0])}::text[], ${keys.map((k) => k[1])}::text[]) as k (type, state_key)
     cross join lateral (
       select v.event from unnest(${path.map((p) => p.line)}::int4[], ${path.map((p) => p.at)}::int8[]) with ordinality as p (line, at, n)
        cross join lateral (
          select s.event from state_changes s
           where s.room_id = ${roomId} and s.type = k.type and s.state_key = k.state_key and s.line = p.line and s.at <= p.at
           order by s.at desc limit 1) v
        order by p.n limit 1) c`.execute(db);
  const values = new Map<string, number>();
  for (const row of found.rows) if (row.event !== null) values.set(stateKeyText(row.type, row.state_key), row.event);
  return values;
}

export interface StateAsk {
  readonly roomId: string;
  readonly ref: Ref;
  readonly keys: readonly (readonly [type: string, stateKey: string])[];
}

/** For each ask what valuesAt() gives, in the order asked; one query for all of them. */
export async function valuesOnBranches(db: Db, asks: readonly StateAsk[]): Promise<readonly Map<string, number>[]> {
  const values = asks.map(() => new Map<string, number>());
  const keys = asks.flatMap((ask, n) => ask.keys.map(([type, stateKey]) => ({ n, type, stateKey })));
  if (keys.length === 0) return values;
  const found = await sql<{ n: number; type: string; state_key: string; event: number | null }>`
    with recursive path (n, room_id, line, at, step) as (
      select r.n, r.room_id, r.line, r.at, 0
        from unnest(${asks.map((_, n) => n)}::int4[], ${asks.map((a) => a.roomId)}::text[], ${asks.map((a) => a.ref.line)}::int4[],
                    ${asks.map((a) => a.ref.at)}::int8[]) as r (n, room_id, line, at)
      union all
      select p.n, p.room_id, l.parent_line, l.parent_at, p.step + 1 from path p
        join state_lines l on l.room_id = p.room_id and l.line = p.line where l.parent_line is not null)
    select distinct on (k.n, k.type, k.state_key) k.n, k.type, k.state_key, v.event
      from unnest(${keys.map((k) => k.n)}::int4[], ${keys.map((k) => k.type)}::text[], ${keys.map((k) => k.stateKey)}::text[])
             as k (n, type, state_key)
      join path p on p.n = k.n
     cross join lateral (
       select s.event from state_changes s
        where s.room_id = p.room_id and s.type = k.type and s.state_key = k.state_key and s.line = p.line and s.at <= p.at
        order by s.at desc limit 1) v
     order by k.n, k.type, k.state_key, p.step`.execute(db);
  for (const { n, type, state_key: stateKey, event } of found.rows)
    if (event !== null) values[n]!.set(stateKeyText(type, stateKey), event);
  return values;
}

/** The whole state at `ref`, ordered by type and state key. Reads every change of the room up to there. */
export async function stateAt(db: Db, roomId: string, ref: Ref): Promise<readonly StateRow[]> {
  const path = await pathOf(db, roomId, ref);
  const found = await sql<{ type: string; state_key: string; event: number; membership: Membership | null }>`
    select type, state_key, event, membership from (
      select distinct on (s.type, s.state_key) s.type, s.state_key, s.event, s.membership
        from unnest(${path.map((p) => p.line)}::int4[], ${path.map((p) => p.at)}::int8[]) with ordinality as p (line, at, n)
        join state_changes s on s.room_id = ${roomId} and s.line = p.line and s.at <= p.at
       order by s.type, s.state_key, p.n, s.at desc) latest
     where event is not null order by type, state_key`.execute(db);
  return found.rows.map((row) => ({
    type: row.type,
    stateKey: row.state_key,
    event: row.event,
    membership: row.membership,
  }));
}

/** Positions of the member events of the state at `ref` with one of these memberships, in order. */
export async function memberPositionsAt(
  db: Db,
  roomId: string,
  ref: Ref,
  memberships: readonly Membership[],
): Promise<readonly number[]> {
  const path = await pathOf(db, roomId, ref);
  const found = await sql<{ events: readonly number[] | null }>`
    select array_agg(event order by event) filter (where membership = any(${memberships}::text[])) as events from (
      select distinct on (s.state_key) s.state_key, s.event, s.membership
        from unnest(${path.map((p) => p.line)}::int4[], ${path.map((p) => p.at)}::int8[]) with ordinality as p (line, at, n)
        join state_changes s on s.room_id = ${roomId} and s.type = 'm.room.member' and s.line = p.line and s.at <= p.at
       order by s.state_key, p.n, s.at desc) latest`.execute(db);
  return found.rows[0]?.events ?? [];
}

/** The lines that `ref` stands on, nearest first: its own, then what each was branched from. */
async function pathOf(db: Db, roomId: string, ref: Ref): Promise<readonly Ref[]> {
  if (ref.line === 0) return [ref];
  const found = await sql<Ref>`
    with recursive path (line, at, n) as (
      select ${ref.line}::int4, ${ref.at}::int8, 0
      union all
      select l.parent_line, l.parent_at, p.n + 1 from path p
        join state_lines l on l.room_id = ${roomId} and l.line = p.line where l.parent_line is not null)
    select line, at from path order by n`.execute(db);
  return found.rows;
}

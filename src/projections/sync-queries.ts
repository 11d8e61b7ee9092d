/** What a sync reads, each question asked once for all rooms: places, timelines, state and its changes. */
import { stateKeyText } from '../matrix/auth-events.ts';
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { TimelineRow } from '../log/read.ts';
import { valuesOnBranches, type Ref, type StateAsk } from '../log/state-lines.ts';
import type { TransitionKind } from '../log/transition.ts';
import type { Membership, Verdict } from '../matrix/pdu.ts';

/** A room that a user has or had to do with, as it stands now. */
export interface UserRoom {
  readonly roomId: string;
  readonly membership: Membership;
  /** Position of the user's member event; 0 where there is none any more. */
  readonly event: number;
  /** Room position of the last change of membership. */
  readonly since: number;
  readonly version: string;
  /** The room's head: its own count, and the newest row of the log that concerns it. */
  readonly roomPosition: number;
  readonly lastPosition: number;
  readonly joined: number;
  readonly invited: number;
  /** It is a room that this server is not in: what is known of it is what the user was told. */
  readonly outside?: true;
}

/** Every room that this server is not in and in which the user has, or had, a membership from outside. */
export async function outsideRoomsOfUser(db: Db, userId: string): Promise<readonly UserRoom[]> {
  const found = await sql<UserRoom>`
    select o.room_id as "roomId", o.membership, o.event, o.since, o.room_version as version, r.room_position as "roomPosition",
           r.last_position as "lastPosition", r.joined, r.invited, true as outside
      from out_of_band o join rooms r on r.room_id = o.room_id
     where o.user_id = ${userId} order by o.room_id`.execute(db);
  return found.rows;
}

/** Every room in which the user has a member event. */
export async function roomsOfUser(db: Db, userId: string): Promise<readonly UserRoom[]> {
  const found = await sql<UserRoom>`
    select s.room_id as "roomId", s.membership, s.event, s.since, r.version, r.room_position as "roomPosition",
           r.last_position as "lastPosition", r.joined, r.invited
      from room_state s join rooms r on r.room_id = s.room_id
     where s.type = 'm.room.member' and s.state_key = ${userId} and s.membership is not null
     order by s.room_id`.execute(db);
  return found.rows;
}

/**
 * Of these rooms, which the user has moved in, those where a resolution left no member event of theirs: they are out, as if
 * they had left there.
 */
export async function roomsWithoutMember(
  db: Db,
  moved: readonly UserTransition[],
  rooms: readonly UserRoom[],
): Promise<readonly UserRoom[]> {
  const gone = new Map(moved.map((move) => [move.roomId, move]));
  for (const { roomId } of rooms) gone.delete(roomId);
  if (gone.size === 0) return [];
  const found = await sql<Omit<UserRoom, 'membership' | 'event' | 'since'>>`
    select room_id as "roomId", version, room_position as "roomPosition", last_position as "lastPosition", joined, invited
      from rooms where room_id = any(${[...gone.keys()]}::text[]) order by room_id`.execute(db);
  return found.rows.map((room) => ({ ...room, membership: 'leave', event: 0, since: gone.get(room.roomId)!.at }));
}

export interface UserTransition {
  readonly roomId: string;
  readonly position: number;
  /** Room position. */
  readonly at: number;
  readonly from: Membership | 'none';
  readonly to: Membership | 'none';
  readonly kind: TransitionKind;
  /** Position of the member event that was in force before; null: none. */
  readonly previous: number | null;
}

/** How a user's memberships moved after a position, in order; in the rooms of `roomIds` only when it is given. */
export async function transitionsOfUser(
  db: Db,
  userId: string,
  after: number,
  roomIds?: readonly string[],
): Promise<readonly UserTransition[]> {
  let query = db
    .selectFrom('transitions')
    .select(['room_id as roomId', 'position', 'at', 'from', 'to', 'kind', 'previous'])
    .where('user_id', '=', userId)
    .where('position', '>', after);
  if (roomIds !== undefined) query = query.where('room_id', 'in', roomIds);
  const rows = await query.orderBy('position').execute();
  return rows as readonly UserTransition[];
}

/** For each room its own count at a global position (as roomPositionAt): 0 when it did not exist yet. */
export async function roomPositionsAt(
  db: Db,
  roomIds: readonly string[],
  position: number,
): Promise<Map<string, number>> {
  if (roomIds.length === 0) return new Map();
  const found = await sql<{ room_id: string; at: number }>`
    select r.room_id, coalesce(v.room_position, 0) as at
      from unnest(${roomIds}::text[]) as r (room_id)
      left join lateral (
        select room_position from verdicts where room_id = r.room_id and position <= ${position}
         order by position desc limit 1) v on true`.execute(db);
  return new Map(found.rows.map((row) => [row.room_id, row.at]));
}

/** A room as it stands now, and its own count at two global positions. */
export interface RoomSpan {
  readonly version: string;
  readonly joined: number;
  readonly invited: number;
  readonly lastPosition: number;
  readonly from: number;
  readonly to: number;
}

/** In the order asked; null for a room that does not exist. */
export async function roomSpans(
  db: Db,
  asks: readonly { readonly roomId: string; readonly from: number; readonly to: number }[],
): Promise<readonly (RoomSpan | null)[]> {
  const at = (column: 'lower' | 'upper') => sql`coalesce((select room_position from verdicts
        where room_id = k.room_id and position <= k.${sql.ref(column)} order by position desc limit 1), 0)`;
  const found = await sql<RoomSpan & { n: number }>`
    select k.n::int4 as n, r.version, r.joined, r.invited, r.last_position as "lastPosition",
           ${at('lower')} as "from", ${at('upper')} as "to"
      from unnest(${asks.map((a) => a.roomId)}::text[], ${asks.map((a) => a.from)}::int8[], ${asks.map((a) => a.to)}::int8[])
             with ordinality as k (room_id, lower, upper, n)
      join rooms r on r.room_id = k.room_id`.execute(db);
  const spans = new Map(found.rows.map((row) => [row.n, row]));
  return asks.map((_, n) => spans.get(n + 1) ?? null);
}

/** A stretch of a room's own count: after `from`, up to and with `to`. */
export interface Stretch {
  readonly roomId: string;
  readonly from: number;
  readonly to: number;
}

/** The newest events of each stretch that arrived live, at most `limit` a room, oldest first. */
export async function recentEvents(
  db: Db,
  stretches: readonly Stretch[],
  limit: number,
): Promise<Map<string, readonly TimelineRow[]>> {
  if (stretches.length === 0) return new Map();
  const found = await sql<TimelineRow & { room_id: string }>`
    select r.room_id, v.event, v.room_position as "roomPosition", v.position, v.anchor, v.back, v.before_line as "beforeLine",
           v.before_at as "beforeAt", v.after_line as "afterLine", v.after_at as "afterAt"
      from ${unnestStretches(stretches)}
     cross join lateral (
       select * from verdicts
        where room_id = r.room_id and verdict = ${'accepted' satisfies Verdict} and anchor > r.after and anchor <= r.upto and back = 0
        order by anchor desc, back desc limit ${limit}) v
     order by r.room_id, v.anchor`.execute(db);
  return Map.groupBy(found.rows, (row) => row.room_id);
}

/** One change of a room's current state. */
export interface StateChangeRow {
  readonly at: number;
  readonly type: string;
  readonly stateKey: string;
  /** Null: the key became absent. */
  readonly event: number | null;
  readonly previous: number | null;
}

/** How the current state of each room changed along its stretch, in order. */
export async function stateChanges(
  db: Db,
  stretches: readonly Stretch[],
): Promise<Map<string, readonly StateChangeRow[]>> {
  if (stretches.length === 0) return new Map();
  const found = await sql<StateChangeRow & { room_id: string }>`
    select r.room_id, c.at, c.type, c.state_key as "stateKey", c.event, c.previous
      from ${unnestStretches(stretches)}
     cross join lateral (
       select at, type, state_key, event, previous from state_changes
        where room_id = r.room_id and line = 0 and at > r.after and at <= r.upto) c
     order by r.room_id, c.at, c.type, c.state_key`.execute(db);
  return Map.groupBy(found.rows, (row) => row.room_id);
}

function unnestStretches(stretches: readonly Stretch[]) {
  return sql`unnest(${stretches.map((s) => s.roomId)}::text[], ${stretches.map((s) => s.from)}::int8[],
                    ${stretches.map((s) => s.to)}::int8[]) as r (room_id, after, upto)`;
}

export interface StateEntryRow {
  readonly type: string;
  readonly stateKey: string;
  /** Position of the event. */
  readonly event: number;
}

/** The whole current state of each room. */
export async function currentStates(
  db: Db,
  roomIds: readonly string[],
): Promise<Map<string, readonly StateEntryRow[]>> {
  if (roomIds.length === 0) return new Map();
  const found = await sql<StateEntryRow & { room_id: string }>`
    select room_id, type, state_key as "stateKey", event from room_state
     where room_id = any(${roomIds}::text[]) order by room_id, type, state_key`.execute(db);
  return Map.groupBy(found.rows, (row) => row.room_id);
}

/** The whole state of each room as it stood at a point of its own count. */
export async function statesAt(
  db: Db,
  asks: readonly { readonly roomId: string; readonly at: number }[],
): Promise<Map<string, readonly StateEntryRow[]>> {
  if (asks.length === 0) return new Map();
  const found = await sql<StateEntryRow & { room_id: string }>`
    select room_id, type, "stateKey", event from (
      select distinct on (s.room_id, s.type, s.state_key) s.room_id, s.type, s.state_key as "stateKey", s.event
        from unnest(${asks.map((a) => a.roomId)}::text[], ${asks.map((a) => a.at)}::int8[]) as r (room_id, upto)
        join state_changes s on s.room_id = r.room_id and s.line = 0 and s.at <= r.upto
       order by s.room_id, s.type, s.state_key, s.at desc) latest
     where event is not null order by room_id, type, "stateKey"`.execute(db);
  return Map.groupBy(found.rows, (row) => row.room_id);
}

/**
 * For each ask the events at its keys of the state at its point, by stateKeyText(); as valuesAt(), but one query for all
 * asks on the main line, and one for all on branch lines.
 */
export async function valuesAtMany(db: Db, asks: readonly StateAsk[]): Promise<readonly ReadonlyMap<string, number>[]> {
  const values: Map<string, number>[] = asks.map(() => new Map<string, number>());
  const probes = asks.flatMap((ask, n) =>
    ask.ref.line === 0 ? ask.keys.map(([type, stateKey]) => ({ n, ...ask, type, stateKey })) : [],
  );
  if (probes.length > 0) {
    const found = await sql<{ n: number; type: string; state_key: string; event: number }>`
      select k.n, k.type, k.state_key, c.event
        from unnest(${probes.map((p) => p.n)}::int4[], ${probes.map((p) => p.roomId)}::text[], ${probes.map((p) => p.ref.at)}::int8[],
                    ${probes.map((p) => p.type)}::text[], ${probes.map((p) => p.stateKey)}::text[]) as k (n, room_id, upto, type, state_key)
       cross join lateral (
         select s.event from state_changes s
          where s.room_id = k.room_id and s.type = k.type and s.state_key = k.state_key and s.line = 0 and s.at <= k.upto
          order by s.at desc limit 1) c
       where c.event is not null`.execute(db);
    for (const row of found.rows) values[row.n]!.set(stateKeyText(row.type, row.state_key), row.event);
  }
  const branched = asks.flatMap((ask, n) => (ask.ref.line === 0 ? [] : [{ ...ask, n }]));
  const onBranches = await valuesOnBranches(db, branched);
  for (const [k, { n }] of branched.entries()) values[n] = onBranches[k]!;
  return values;
}

/** The state before events that were judged by themselves: for each (room, event) its reference, in the order asked; else null. */
export async function refsBefore(
  db: Db,
  events: readonly { readonly roomId: string; readonly event: number }[],
): Promise<readonly ((Ref & { readonly roomPosition: number }) | null)[]> {
  if (events.length === 0) return [];
  const found = await sql<Ref & { n: number; roomPosition: number }>`
    select k.n::int4 as n, v.line, v.at, v.room_position as "roomPosition"
      from unnest(${events.map((e) => e.roomId)}::text[], ${events.map((e) => e.event)}::int8[]) with ordinality as k (room_id, event, n)
     cross join lateral (
       select coalesce(before_line, 0) as line, coalesce(before_at, 0) as at, room_position from verdicts
        where room_id = k.room_id and event = k.event order by room_position desc limit 1) v`.execute(db);
  const byEvent = new Map(found.rows.map(({ n, ...ref }) => [n, ref]));
  return events.map((_, n) => byEvent.get(n + 1) ?? null);
}

/** Up to `most` other people of each room, by whom it can be called: who is in it or invited, or else who was. */
export async function heroes(
  db: Db,
  roomIds: readonly string[],
  userId: string,
  most: number,
): Promise<Map<string, readonly string[]>> {
  if (roomIds.length === 0) return new Map();
  const found = await sql<{ room_id: string; heroes: readonly string[] }>`
    select r.room_id, array(
        select state_key from room_state s
         where s.room_id = r.room_id and s.type = 'm.room.member' and s.state_key <> ${userId} and s.membership in ('join', 'invite')
         order by s.since, s.state_key limit ${most}) as heroes
      from unnest(${roomIds}::text[]) as r (room_id)`.execute(db);
  const named = new Map(found.rows.map((row) => [row.room_id, row.heroes]));
  const empty = roomIds.filter((roomId) => named.get(roomId)?.length === 0);
  if (empty.length === 0) return named;
  const gone = await sql<{ room_id: string; heroes: readonly string[] }>`
    select r.room_id, array(
        select state_key from room_state s
         where s.room_id = r.room_id and s.type = 'm.room.member' and s.state_key <> ${userId} and s.membership in ('leave', 'ban')
         order by s.since, s.state_key limit ${most}) as heroes
      from unnest(${empty}::text[]) as r (room_id)`.execute(db);
  for (const row of gone.rows) named.set(row.room_id, row.heroes);
  return named;
}

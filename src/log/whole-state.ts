/** The whole state at a point of a room's lines, taken from the current one: what changed since is undone. */
import { stateKeyText } from '../matrix/auth-events.ts';
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { EventId } from '../matrix/identifiers.ts';
import type { Ref } from './state-lines.ts';

export interface NamedEvent {
  readonly position: number;
  readonly eventId: EventId;
}

/**
 * The events of the state at `ref`, in no order. Reads the current state and what changed between there and here, whatever
 * the age of the room.
 */
export async function wholeState(db: Db, roomId: string, { line, at }: Ref): Promise<readonly NamedEvent[]> {
  const { rows } = await sql<NamedEvent>`
    with recursive path (line, at, n) as (
      select ${line}::int4, ${at}::int8, 0
      union all
      select l.parent_line, l.parent_at, p.n + 1 from path p
        join state_lines l on l.room_id = ${roomId} and l.line = p.line where l.parent_line is not null),
    branched as (
      select distinct on (s.type, s.state_key) s.type, s.state_key, s.event
        from path p join state_changes s on s.room_id = ${roomId} and s.line = p.line and s.at <= p.at
       where p.line <> 0 order by s.type, s.state_key, p.n, s.at desc),
    undone as (
      select distinct on (type, state_key) type, state_key, previous as event from state_changes
       where room_id = ${roomId} and line = 0 and at > (select p.at from path p where p.line = 0)
       order by type, state_key, at),
    other as (
      select * from branched
      union all select * from undone u where not exists (
        select from branched b where b.type = u.type and b.state_key = u.state_key)),
    whole as (
      select event from other where event is not null
      union all select s.event from room_state s left join other o on o.type = s.type and o.state_key = s.state_key
       where s.room_id = ${roomId} and o.type is null)
    select e.position, e.event_id as "eventId" from whole w join events e on e.room_id = ${roomId} and e.position = w.event`.execute(
    db,
  );
  return rows;
}

/** The ids of events by position, in the order asked; positions that hold no event of the room are left out. */
export async function eventIdsAt(db: Db, roomId: string, positions: readonly number[]): Promise<readonly EventId[]> {
  if (positions.length === 0) return [];
  const { rows } = await sql<NamedEvent>`
    select position, event_id as "eventId" from events
     where room_id = ${roomId} and position = any(${positions}::int8[])`.execute(db);
  const ids = new Map(rows.map(({ position, eventId }) => [position, eventId]));
  return positions.flatMap((position) => ids.get(position) ?? []);
}

/** Positions of all events of the current state, by `stateKeyText`. */
export async function currentPositions(db: Db, roomId: string): Promise<ReadonlyMap<string, number>> {
  const rows = await db
    .selectFrom('room_state')
    .select(['type', 'state_key', 'event'])
    .where('room_id', '=', roomId)
    .execute();
  return new Map(rows.map((row) => [stateKeyText(row.type, row.state_key), row.event]));
}

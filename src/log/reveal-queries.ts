/** Which reasons were revealed to whom, by the log of acts, and which events there are to be revealed. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { isRevealed } from './word-search.ts';

export interface Reading {
  /** Who reads. */
  readonly reader: string;
  /** Position of the event whose reason it is. */
  readonly event: number;
}

/** Whether each reason was revealed to its reader, in the order asked. */
export async function revealedTo(db: Db, readings: readonly Reading[]): Promise<readonly boolean[]> {
  const found = await sql<{ n: number }>`
    select r.n from unnest(${readings.map((_, n) => n)}::int4[], ${readings.map(({ reader }) => reader)}::text[],
                           ${readings.map(({ event }) => event)}::int8[]) as r (n, reader, event)
     where exists (select from actions a where a.event = r.event and a.operation = 'revealReason' and a.outcome = 'ok' and a.actor = r.reader)`.execute(
    db,
  );
  const revealed = new Set(found.rows.map(({ n }) => n));
  return readings.map((_, n) => revealed.has(n));
}

export interface MemberEvent {
  readonly roomId: string;
  readonly userId: string;
  /** Position. */
  readonly event: number;
}

/** Whether each member event took back a knock, in the order asked. */
export async function tookBackKnocks(db: Db, events: readonly MemberEvent[]): Promise<readonly boolean[]> {
  const found = await sql<{ n: number }>`
    select m.n from unnest(${events.map((_, n) => n)}::int4[], ${events.map(({ roomId }) => roomId)}::text[],
                           ${events.map(({ userId }) => userId)}::text[], ${events.map(({ event }) => event)}::int8[]) as m (n, room_id, user_id, event)
     where exists (select from transitions t where t.room_id = m.room_id and t.user_id = m.user_id and t.event = m.event and t."from" = 'knock')`.execute(
    db,
  );
  const taken = new Set(found.rows.map(({ n }) => n));
  return events.map((_, n) => taken.has(n));
}

// Of a knock that was renewed more often the latest words.
const MOST = 100;

/** The events of a knock whose reasons somebody has not revealed yet: what its user said from `opened` to its end. Newest first. */
export async function unrevealedEvents(
  db: Db,
  knock: { readonly roomId: string; readonly userId: string; readonly opened: number; readonly closed: number | null },
  reader: string,
): Promise<readonly number[]> {
  const found = await sql<{ event: number }>`
    select t.event, max(t.position) from transitions t
     where t.room_id = ${knock.roomId} and t.user_id = ${knock.userId} and t.event is not null
       and t.position between ${knock.opened} and ${knock.closed ?? Number.MAX_SAFE_INTEGER}
       and (t."to" = 'knock' or (t."from" = 'knock' and t."to" = 'leave' and t.actor = t.user_id))
       and not ${isRevealed(reader, sql.ref('t.event'))}
     group by t.event order by 2 desc limit ${MOST}`.execute(db);
  return found.rows.map(({ event }) => event);
}

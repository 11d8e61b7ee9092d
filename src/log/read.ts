/** Reads events back out of the log: by position, by id, along a room's timeline. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { EventId, RoomId, UserId } from '../matrix/identifiers.ts';
import type { PduFields, Verdict } from '../matrix/pdu.ts';
import { WORDS_AND_REDACTIONS } from './content-sql.ts';
import { mergeEvent } from './content.ts';
import { contentIn, isWithheld, type ShownEvent } from './shown-events.ts';

export interface StoredEvent extends ShownEvent {
  readonly depth: number;
  /** By this server's clock. */
  readonly receivedAt: Date;
  /** As it arrived; when the words are gone the redacted form with what the authorization rules read besides. */
  readonly pdu: PduFields;
  readonly redactedBecause: StoredEvent | null;
}

interface EventRow {
  readonly room_id: string;
  readonly position: number;
  readonly event_id: string;
  readonly type: string;
  readonly state_key: string | null;
  readonly sender: string;
  readonly depth: number;
  readonly origin_server_ts: number;
  readonly received_at: Date;
  readonly redacts: string | null;
  readonly words: boolean;
  readonly proof: Buffer;
  readonly auth_extra: Buffer | null;
  readonly content: Buffer | null;
  /** Position of the redaction that took its words. */
  readonly redaction: number | null;
  readonly in_force: boolean;
}

const COLUMNS = sql`e.room_id, e.position, e.event_id, e.type, e.state_key, e.sender, e.depth, e.origin_server_ts, e.received_at, e.redacts, e.words, e.proof, e.auth_extra, c.content,
  r.redaction, f.redaction is not null as in_force`;

/** The events at these positions, in the order asked; positions that hold no event of that room are left out. */
export async function readEvents(
  db: Db,
  keys: readonly { readonly roomId: string; readonly position: number }[],
): Promise<readonly StoredEvent[]> {
  if (keys.length === 0) return [];
  const found = await sql<EventRow>`
    select ${COLUMNS}
      from unnest(${keys.map((k) => k.roomId)}::text[], ${keys.map((k) => k.position)}::int8[]) with ordinality as k (room_id, position, n)
      join events e on e.room_id = k.room_id and e.position = k.position
      ${WORDS_AND_REDACTIONS}
     order by k.n`.execute(db);
  return storedEvents(db, found.rows);
}

/** The events at these keys of the rooms' current states, in the order asked; null where a key has none. */
export async function readCurrentEvents(
  db: Db,
  keys: readonly { readonly roomId: string; readonly type: string; readonly stateKey: string }[],
): Promise<readonly (StoredEvent | null)[]> {
  const found = await sql<EventRow & { n: number }>`
    select k.n, ${COLUMNS}
      from unnest(${keys.map((_, n) => n)}::int4[], ${keys.map((k) => k.roomId)}::text[], ${keys.map((k) => k.type)}::text[],
                  ${keys.map((k) => k.stateKey)}::text[]) as k (n, room_id, type, state_key)
      join room_state s on s.room_id = k.room_id and s.type = k.type and s.state_key = k.state_key
      join events e on e.room_id = s.room_id and e.position = s.event
      ${WORDS_AND_REDACTIONS}`.execute(db);
  const events = await storedEvents(db, found.rows);
  const byKey = new Map(found.rows.map(({ n }, place) => [n, events[place]!]));
  return keys.map((_, n) => byKey.get(n) ?? null);
}

/** What is known of events unread, in the order asked. */
export async function readNames(
  db: Db,
  keys: readonly { readonly roomId: string; readonly position: number }[],
): Promise<readonly EventName[]> {
  if (keys.length === 0) return [];
  const found = await sql<EventName>`
    select e.type, e.state_key as "stateKey", e.sender
      from unnest(${keys.map((k) => k.roomId)}::text[], ${keys.map((k) => k.position)}::int8[]) with ordinality as k (room_id, position, n)
      join events e on e.room_id = k.room_id and e.position = k.position
     order by k.n`.execute(db);
  return found.rows;
}

/** The event of that id, or null; with `roomId`, only if it is that room's. One that is known out of band as well is the room's. */
export async function eventById(db: Db, eventId: string, roomId?: string): Promise<StoredEvent | null> {
  const room = roomId === undefined ? sql`true` : sql`e.room_id = ${roomId}`;
  const found = await sql<EventRow>`
    select ${COLUMNS} from events e ${WORDS_AND_REDACTIONS}
     where e.event_id = ${eventId} and ${room} order by e.out_of_band, e.position limit 1`.execute(db);
  const [event] = await storedEvents(db, found.rows);
  return event ?? null;
}

async function storedEvents(db: Db, rows: readonly EventRow[]): Promise<readonly StoredEvent[]> {
  const redacted = rows.filter((row) => row.redaction !== null);
  if (redacted.length === 0) return rows.map((row) => storedEvent(row, null));
  // Of a redaction nobody is told why it was itself redacted: there would be no end.
  const found = await sql<EventRow>`
    select ${COLUMNS}
      from unnest(${redacted.map((row) => row.room_id)}::text[], ${redacted.map((row) => row.redaction)}::int8[]) as k (room_id, position)
      join events e on e.room_id = k.room_id and e.position = k.position
      ${WORDS_AND_REDACTIONS}`.execute(db);
  const redactions = new Map(found.rows.map((row) => [row.position, storedEvent(row, null)]));
  return rows.map((row) => storedEvent(row, redactions.get(row.redaction ?? -1) ?? null));
}

function storedEvent(row: EventRow, redactedBecause: StoredEvent | null): StoredEvent {
  const inside = contentIn(null, row.proof, row.content);
  let pdu: PduFields | null = null;
  return {
    roomId: row.room_id as RoomId,
    position: row.position,
    eventId: row.event_id as EventId,
    type: row.type,
    stateKey: row.state_key,
    sender: row.sender as UserId,
    originServerTs: row.origin_server_ts,
    depth: row.depth,
    receivedAt: row.received_at,
    get content() {
      return inside.parsed();
    },
    get contentText() {
      return inside.text();
    },
    redacts: row.redacts,
    get pdu() {
      pdu ??= mergeEvent(row.proof, row.content, row.auth_extra);
      return pdu;
    },
    erased: row.words && row.content === null,
    redactedBecause,
    withheld: isWithheld(row.type, row.in_force),
  };
}

/** An accepted event's place in a room's timeline, and the state around it. */
export interface TimelineRow {
  /** Position of the event. */
  readonly event: number;
  readonly roomPosition: number;
  /** Position of the verdict. */
  readonly position: number;
  readonly anchor: number;
  readonly back: number;
  readonly beforeLine: number;
  readonly beforeAt: number;
  readonly afterLine: number;
  readonly afterAt: number;
}

/** A point of a room's timeline, in the clients' order: just before the event that stands there, if one does. */
export interface TimelinePoint {
  readonly anchor: number;
  readonly back: number;
}

export interface TimelinePage {
  readonly dir: 'b' | 'f';
  /** The stretch that is read: events from this point on … */
  readonly from: TimelinePoint;
  /** … up to this one. */
  readonly upTo: TimelinePoint;
  readonly limit: number;
}

export interface EventName {
  readonly type: string;
  readonly stateKey: string | null;
  readonly sender: string;
}

export type NamedTimelineRow = TimelineRow & EventName;

const TIMELINE_COLUMNS = sql`v.event, v.room_position as "roomPosition", v.position, v.anchor, v.back, v.before_line as "beforeLine",
  v.before_at as "beforeAt", v.after_line as "afterLine", v.after_at as "afterAt"`;

/** A room's accepted events in the clients' order, (anchor, back), or against it. */
export async function timeline(db: Db, roomId: string, page: TimelinePage): Promise<readonly NamedTimelineRow[]> {
  const point = (p: TimelinePoint) => sql`(${p.anchor}::int8, ${p.back}::int8)`;
  const order = page.dir === 'f' ? sql`v.anchor, v.back` : sql`v.anchor desc, v.back desc`;
  const found = await sql<NamedTimelineRow>`
    select ${TIMELINE_COLUMNS}, e.type, e.state_key as "stateKey", e.sender
      from verdicts v join events e on e.room_id = v.room_id and e.position = v.event
     where v.room_id = ${roomId} and v.verdict = ${'accepted' satisfies Verdict}
       and (v.anchor, v.back) >= ${point(page.from)} and (v.anchor, v.back) < ${point(page.upTo)}
     order by ${order} limit ${page.limit}`.execute(db);
  return found.rows;
}

/** The places in their rooms' timelines of the events at these positions; those that were not accepted are left out. */
export async function timelineRowsOf(
  db: Db,
  keys: readonly { readonly roomId: string; readonly position: number }[],
): Promise<readonly TimelineRow[]> {
  if (keys.length === 0) return [];
  const found = await sql<TimelineRow & { verdict: Verdict }>`
    select v.verdict, ${TIMELINE_COLUMNS}
      from unnest(${keys.map((k) => k.roomId)}::text[], ${keys.map((k) => k.position)}::int8[]) with ordinality as k (room_id, event, n)
     cross join lateral (
       select * from verdicts where room_id = k.room_id and event = k.event order by room_position desc limit 1) v
     order by k.n`.execute(db);
  return found.rows.filter((row) => row.verdict === 'accepted');
}

/** Room position of the newest verdict in a room: 0 when there is no such room. */
export async function roomPositionNow(db: Db, roomId: string): Promise<number> {
  const row = await db
    .selectFrom('verdicts')
    .select('room_position')
    .where('room_id', '=', roomId)
    .orderBy('room_position', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.room_position ?? 0;
}

/** A global position in one room's own count: the last `room_position` decided at or before it, 0 when there is none. */
export async function roomPositionAt(db: Db, roomId: string, position: number): Promise<number> {
  const row = await db
    .selectFrom('verdicts')
    .select('room_position')
    .where('room_id', '=', roomId)
    .where('position', '<=', position)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.room_position ?? 0;
}

/** The log's head: the last position given out. */
export async function logHead(db: Db): Promise<number> {
  const row = await db.selectFrom('log_head').select('position').executeTakeFirstOrThrow();
  return row.position;
}

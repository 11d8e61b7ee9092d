/** Events as far as clients are told of them: read in great numbers, and parsed when somebody looks inside. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { EventId, RoomId, UserId } from '../matrix/identifiers.ts';
import { parseJsonObject, type JsonObject } from '../matrix/json.ts';
import { CONTENT_PARTS, CONTENT_TEXT, WORDS_AND_REDACTIONS } from './content-sql.ts';
import { contentText, mergeEvent } from './content.ts';

/** What servers send to bring a room's branches together, and for nothing else. */
export const DUMMY_EVENT = 'org.matrix.dummy_event';

export interface ShownEvent {
  readonly roomId: RoomId;
  readonly position: number;
  readonly eventId: EventId;
  readonly type: string;
  readonly stateKey: string | null;
  readonly sender: UserId;
  /** Milliseconds since 1970, by the sender's clock. */
  readonly originServerTs: number;
  /** As it arrived; the redacted form when the words are gone. */
  readonly content: JsonObject;
  /** Its JSON, for which it is not parsed. */
  readonly contentText: string;
  /** Of a redaction: the id of its target, also when its own words are gone. */
  readonly redacts: string | null;
  /** It came with words that are no longer here. */
  readonly erased: boolean;
  /** The first redaction of it that is in force; null: there is none. */
  readonly redactedBecause: ShownEvent | null;
  /**
   * Clients are not shown it: a redaction that is not in force, because its target is not known or not its sender's to redact;
   * an event that says nothing.
   */
  readonly withheld: boolean;
}

interface ShownRow {
  readonly room_id: string;
  readonly position: number;
  readonly event_id: string;
  readonly type: string;
  readonly state_key: string | null;
  readonly sender: string;
  readonly origin_server_ts: number;
  readonly redacts: string | null;
  readonly erased: boolean;
  readonly text: string | null;
  /** These two only where there is no text. */
  readonly proof: Buffer | null;
  readonly said: Buffer | null;
  /** Position of the redaction that took its words. */
  readonly redaction: number | null;
  readonly in_force: boolean;
}

interface Key {
  readonly roomId: string;
  readonly position: number;
}

/** The events at these positions, in the order asked; positions that hold no event of that room are left out. */
export async function readShownEvents(db: Db, keys: readonly Key[]): Promise<readonly ShownEvent[]> {
  const rows = await readRows(db, keys);
  const redacted = rows.flatMap(({ room_id, redaction }) =>
    redaction === null ? [] : [{ roomId: room_id, position: redaction }],
  );
  // Of a redaction nobody is told why it was itself redacted: there would be no end.
  const found = await readRows(db, redacted);
  const redactions = new Map(found.map((row) => [row.position, shownEvent(row, null)]));
  return rows.map((row) => shownEvent(row, redactions.get(row.redaction ?? -1) ?? null));
}

async function readRows(db: Db, keys: readonly Key[]): Promise<readonly ShownRow[]> {
  if (keys.length === 0) return [];
  const found = await sql<ShownRow>`
    select e.room_id, e.position, e.event_id, e.type, e.state_key, e.sender, e.origin_server_ts, e.redacts,
           e.words and c.content is null as erased, t.text, case when t.text is null then e.proof end as proof,
           case when t.text is null then c.content end as said, r.redaction, f.redaction is not null as in_force
      from unnest(${keys.map((key) => key.roomId)}::text[], ${keys.map((key) => key.position)}::int8[]) with ordinality as w (room_id, position, n)
      join events e on e.room_id = w.room_id and e.position = w.position
      ${WORDS_AND_REDACTIONS}
      ${CONTENT_PARTS}
      cross join lateral (select ${CONTENT_TEXT} as text offset 0) t
     order by w.n`.execute(db);
  return found.rows;
}

function shownEvent(row: ShownRow, redactedBecause: ShownEvent | null): ShownEvent {
  const inside = contentIn(row.text, row.proof, row.said);
  return {
    roomId: row.room_id as RoomId,
    position: row.position,
    eventId: row.event_id as EventId,
    type: row.type,
    stateKey: row.state_key,
    sender: row.sender as UserId,
    originServerTs: row.origin_server_ts,
    get content() {
      return inside.parsed();
    },
    get contentText() {
      return inside.text();
    },
    redacts: row.redacts,
    erased: row.erased,
    redactedBecause,
    withheld: isWithheld(row.type, row.in_force),
  };
}

/** `inForce`: of a redaction. */
export function isWithheld(type: string, inForce: boolean): boolean {
  return (type === 'm.room.redaction' && !inForce) || type === DUMMY_EVENT;
}

/** A content, given as text or as what is stored of its event. */
export function contentIn(given: string | null, proof: Buffer | null, words: Buffer | null) {
  let [text, content]: [string | null, JsonObject | null] = [given, null];
  const spelt = (): string => {
    text ??= contentText(proof!, words) ?? JSON.stringify(mergeEvent(proof!, words).content);
    return text;
  };
  return {
    text: spelt,
    parsed: (): JsonObject => {
      content ??= parseJsonObject(spelt());
      return content;
    },
  };
}

/** What stands beside stored events, and their content cut out by the database: for reads of so many that parsing each would be their cost. */
import { sql } from 'kysely';

/**
 * Of `events e`: its words `c`, the redaction `r` that took them, and `f`, which is there where the event is a redaction in
 * force itself.
 */
export const WORDS_AND_REDACTIONS = sql`left join event_content c on c.room_id = e.room_id and c.event = e.position
      left join redactions r on r.room_id = e.room_id and r.event = e.position and r.first
      left join redactions f on e.type = 'm.room.redaction' and f.room_id = e.room_id and f.redaction = e.position`;

/**
 * Laterals over `events e` and `event_content c`: `p.kept`, what redaction keeps of the content, and `p.said`, what was said
 * besides. Null where they cannot be cut out.
 *
 * Canonical JSON need not be parsed for it. In a proof the content stands between auth_events, which are plain names, and
 * depth: when it has one opening brace, the first brace that closes before such a key is its end. Words end with what was
 * said beside the content: as a rule nothing.
 */
export const CONTENT_PARTS = sql`cross join lateral (
         select position(${sql.lit(',"content":{')}::bytea in e.proof) as head, position(${sql.lit('},"depth":')}::bytea in e.proof) as tail offset 0) h
       cross join lateral (
         select convert_from(case when h.head > 0 and h.tail > h.head then substr(e.proof, h.head + 11, h.tail - h.head - 10) end, 'UTF8') as kept,
                convert_from(case when substr(c.content, 1, 12) = ${sql.lit('{"content":{')}::bytea
                   and substr(c.content, octet_length(c.content) - 12) = ${sql.lit('},"event":{}}')}::bytea
                  then substr(c.content, 12, octet_length(c.content) - 23) end, 'UTF8') as said offset 0) k
       cross join lateral (select case when strpos(substr(k.kept, 2), '{') = 0 then k.kept end as kept, k.said offset 0) p`;

/** Over these: the whole content, as mergeEvent() has it. Null where it has to be read there. */
export const CONTENT_TEXT = sql`case when c.content is null or p.said = '{}' then p.kept when p.kept = '{}' then p.said
    else left(p.kept, -1) || ',' || substr(p.said, 2) end`;

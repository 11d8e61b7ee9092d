/** Events as the JSON text that clients get, put together by the database: for answers that hold tens of thousands of them. */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';

export interface EventTexts {
  /** Members of a JSON array or object, separated by commas: some dozens in each text. */
  readonly texts: readonly string[];
  /** Positions of the events that are not among them: whoever asks has to read these one by one. */
  readonly others: readonly number[];
}

/**
 * As clientEvent() of the client-server API makes them, with the room's id and without what they took the place of;
 * in the order of `positions`, which are sorted.
 */
export function eventTexts(db: Db, roomId: string, positions: readonly number[], now: number): Promise<EventTexts> {
  // An event's content is what redaction keeps of it and, after that, what else was said.
  const content = sql`case when p.said is null or p.said = '{}' then p.kept when p.kept = '{}' then p.said
    else left(p.kept, -1) || ',' || substr(p.said, 2) end`;
  return texts(
    db,
    roomId,
    positions,
    sql`true`,
    sql`'{"type":' || to_json(e.type) || coalesce(',"state_key":' || to_json(e.state_key), '') || ',"sender":' || to_json(e.sender)
      || ',"content":' || ${content} || ',"event_id":' || to_json(e.event_id) || ',"origin_server_ts":' || e.origin_server_ts
      || ',"room_id":' || ${JSON.stringify(roomId)} || ',"unsigned":{"age":' || greatest(0, ${now}::int8 - e.origin_server_ts) || '}}'`,
  );
}

/** Of each member event its user id as a key, and name and picture as far as it has them. */
export function profileTexts(db: Db, roomId: string, positions: readonly number[]): Promise<EventTexts> {
  const field = (name: string, key: string) => sql`case when json_typeof(p.said::json -> ${sql.lit(key)}) = 'string'
    then ${sql.lit(`"${name}":`)} || (p.said::json -> ${sql.lit(key)}) end`;
  const fields = sql`concat_ws(',', ${field('display_name', 'displayname')}, ${field('avatar_url', 'avatar_url')})`;
  const text = sql`to_json(e.state_key) || ':{' || ${fields} || '}'`;
  // Postgres reads no JSON with an escaped NUL in it.
  return texts(db, roomId, positions, sql`(p.said is null or strpos(p.said, ${'\\u0000'}) = 0)`, text);
}

// Canonical JSON need not be parsed to cut the content out of it. In a proof it stands between auth_events, which are plain
// names, and depth: when it has one opening brace, the first brace that closes before such a key is its end. Words end with
// what was said beside the content: as a rule nothing.
const PARTS = sql`cross join lateral (
         select position(${sql.lit(',"content":{')}::bytea in e.proof) as head, position(${sql.lit('},"depth":')}::bytea in e.proof) as tail offset 0) h
       cross join lateral (
         select convert_from(case when h.head > 0 and h.tail > h.head then substr(e.proof, h.head + 11, h.tail - h.head - 10) end, 'UTF8') as kept,
                convert_from(case when substr(c.content, 1, 12) = ${sql.lit('{"content":{')}::bytea
                   and substr(c.content, octet_length(c.content) - 12) = ${sql.lit('},"event":{}}')}::bytea
                  then substr(c.content, 12, octet_length(c.content) - 23) end, 'UTF8') as said offset 0) p`;

// An event that was redacted or erased has more to tell than this; and of a third-party invite the proof keeps one part
// while the words have all of it.
const IS_PLAIN = sql`strpos(substr(p.kept, 2), '{') = 0 and case when e.words then p.said is not null
    else not exists (select from redactions r where r.room_id = e.room_id and r.event = e.position) end`;

/** Events of one text. Short texts are gone before the garbage collector moves them anywhere. */
const TOGETHER = 100;

async function texts(
  db: Db,
  roomId: string,
  positions: readonly number[],
  isAble: RawBuilder<unknown>,
  text: RawBuilder<unknown>,
): Promise<EventTexts> {
  const found = await sql<{ text: string | null; others: readonly number[] | null }>`
    select string_agg(text, ',' order by position) as text, array_agg(position) filter (where text is null) as others from (
      select e.position, k.n / ${sql.lit(TOGETHER)} as part, case when ${IS_PLAIN} and ${isAble} then ${text} end as text
        from unnest(${positions}::int8[]) with ordinality as k (position, n)
        join events e on e.room_id = ${roomId} and e.position = k.position
        left join event_content c on c.room_id = e.room_id and c.event = e.position
       ${PARTS}) t
     group by part order by part`.execute(db);
  return {
    texts: found.rows.flatMap((row) => (row.text === null ? [] : [row.text])),
    others: found.rows.flatMap((row) => row.others ?? []),
  };
}

/** Events as the JSON text that clients get, put together by the database: for answers that hold tens of thousands of them. */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';
import { CONTENT_PARTS, CONTENT_TEXT } from './content-sql.ts';

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
  return texts(
    db,
    roomId,
    positions,
    sql`true`,
    sql`'{"type":' || to_json(e.type) || coalesce(',"state_key":' || to_json(e.state_key), '') || ',"sender":' || to_json(e.sender)
      || ',"content":' || ${CONTENT_TEXT} || ',"event_id":' || to_json(e.event_id) || ',"origin_server_ts":' || e.origin_server_ts
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

// An event that was redacted or erased has more to tell than this.
const IS_PLAIN = sql`p.kept is not null and case when e.words then p.said is not null
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
      select e.position, w.n / ${sql.lit(TOGETHER)} as part, case when ${IS_PLAIN} and ${isAble} then ${text} end as text
        from unnest(${positions}::int8[]) with ordinality as w (position, n)
        join events e on e.room_id = ${roomId} and e.position = w.position
        left join event_content c on c.room_id = e.room_id and c.event = e.position
       ${CONTENT_PARTS}) t
     group by part order by part`.execute(db);
  return {
    texts: found.rows.flatMap((row) => (row.text === null ? [] : [row.text])),
    others: found.rows.flatMap((row) => row.others ?? []),
  };
}

/** Events as the JSON text that clients get, put together by the database: for answers that hold tens of thousands of them. */
import { sql, type RawBuilder } from 'kysely';
import type { Db } from '../database/database.ts';

export interface EventTexts {
  /** Members of a JSON array or object, separated by commas. */
  readonly text: string;
  /** Positions of the events that are not among them: whoever asks has to read these one by one. */
  readonly others: readonly number[];
}

/**
 * As clientEvent() of the client-server API makes them, with the room's id and without what they took the place of;
 * ordered by position.
 */
export function eventTexts(db: Db, roomId: string, positions: readonly number[], now: number): Promise<EventTexts> {
  // An event's content is what redaction keeps of it and, after that, what else was said.
  const content = sql`case when p.said is null or p.said = '{}' then p.kept when p.kept = '{}' then p.said
    else left(p.kept, -1) || ',' || substr(p.said, 2) end`;
  return texts(
    db,
    roomId,
    positions,
    sql`'{"type":' || to_json(e.type) || coalesce(',"state_key":' || to_json(e.state_key), '') || ',"sender":' || to_json(e.sender)
      || ',"content":' || ${content} || ',"event_id":' || to_json(e.event_id) || ',"origin_server_ts":' || e.origin_server_ts
      || ',"room_id":' || to_json(e.room_id) || ',"unsigned":{"age":' || greatest(0, ${now}::int8 - e.origin_server_ts) || '}}'`,
  );
}

/** Of each member event its user id as a key, and name and picture as far as it has them; ordered by position. */
export function profileTexts(db: Db, roomId: string, positions: readonly number[]): Promise<EventTexts> {
  const field = (name: string, key: string) => sql`case when json_typeof(p.said::json -> ${sql.lit(key)}) = 'string'
    then ${sql.lit(`"${name}":`)} || (p.said::json -> ${sql.lit(key)}) end`;
  const fields = sql`concat_ws(',', ${field('display_name', 'displayname')}, ${field('avatar_url', 'avatar_url')})`;
  return texts(db, roomId, positions, sql`to_json(e.state_key) || ':{' || ${fields} || '}'`);
}

// Postgres reads no JSON with an escaped NUL in it.
const contentOf = (column: RawBuilder<unknown>) =>
  sql`case when position('\\x5c7530303030'::bytea in ${column}) = 0 then (convert_from(${column}, 'UTF8')::json -> 'content')::text end`;

// An event that was redacted or erased has more to tell than this; and of a third-party invite the proof keeps one part
// while the words have all of it.
const IS_PLAIN = sql`p.kept is not null and case when e.words then p.said is not null
    else not exists (select from redactions r where r.room_id = e.room_id and r.event = e.position) end
  and (e.type <> 'm.room.member' or strpos(p.kept, '"third_party_invite":') = 0)`;

async function texts(
  db: Db,
  roomId: string,
  positions: readonly number[],
  text: RawBuilder<unknown>,
): Promise<EventTexts> {
  const found = await sql<{ text: string | null; others: readonly number[] | null }>`
    select string_agg(text, ',' order by position) as text, array_agg(position) filter (where text is null) as others from (
      select e.position, case when ${IS_PLAIN} then ${text} end as text
        from unnest(${positions}::int8[]) as k (position)
        join events e on e.room_id = ${roomId} and e.position = k.position
        left join event_content c on c.room_id = e.room_id and c.event = e.position
       cross join lateral (select ${contentOf(sql`e.proof`)} as kept, ${contentOf(sql`c.content`)} as said offset 0) p) t`.execute(
    db,
  );
  const [row] = found.rows;
  return { text: row?.text ?? '', others: row?.others ?? [] };
}

/** Events as the JSON text that other servers get, put together by the database: for answers that hold tens of thousands of them. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import { canonicalJson } from '../matrix/canonical-json.ts';
import { CONTENT_PARTS, CONTENT_TEXT } from './content-sql.ts';
import { mergeEvent } from './content.ts';

const AT_ONCE = 500;
/** Events of one text. Short texts are gone before the garbage collector moves them anywhere. */
const TOGETHER = 100;

/**
 * The room's events at these positions as they arrived, or in redacted form where their words are gone, with commas between
 * them: some dozens in each text. Positions that hold no event of the room are left out.
 */
export async function* pduTexts(db: Db, roomId: string, positions: readonly number[]): AsyncGenerator<string> {
  let before = '';
  for (let from = 0; from < positions.length; from += AT_ONCE) {
    for (const text of await readTexts(db, roomId, positions.slice(from, from + AT_ONCE))) {
      yield before + text;
      before = ',';
    }
  }
}

async function readTexts(db: Db, roomId: string, positions: readonly number[]): Promise<readonly string[]> {
  const found = await sql<{ text: string | null; others: readonly number[] | null }>`
    select string_agg(text, ',' order by position) as text, array_agg(position) filter (where text is null) as others from (
      select e.position, w.n / ${sql.lit(TOGETHER)} as part,
             case when c.content is null then convert_from(e.proof, 'UTF8')
                  when p.kept is not null and p.said is not null
                  then convert_from(substr(e.proof, 1, h.head + 10), 'UTF8') || ${CONTENT_TEXT} || convert_from(substr(e.proof, h.tail + 1), 'UTF8')
             end as text
        from unnest(${positions}::int8[]) with ordinality as w (position, n)
        cross join lateral (
          select f.position, f.proof from events f where f.room_id = ${roomId} and f.position = w.position offset 0) e
        left join lateral (
          select d.content from event_content d where d.room_id = ${roomId} and d.event = w.position offset 0) c on true
       ${CONTENT_PARTS}) t
     group by part order by part`.execute(db);
  const others = found.rows.flatMap((row) => row.others ?? []);
  const texts = found.rows.flatMap((row) => (row.text === null ? [] : [row.text]));
  return others.length === 0 ? texts : [...texts, (await spelledOut(db, roomId, others)).join(',')];
}

/** Those whose parts cannot be put together unread. */
async function spelledOut(db: Db, roomId: string, positions: readonly number[]): Promise<readonly string[]> {
  const rows = await db
    .selectFrom('events as e')
    .leftJoin('event_content as c', (join) =>
      join.onRef('c.room_id', '=', 'e.room_id').onRef('c.event', '=', 'e.position'),
    )
    .select(['e.proof', 'c.content'])
    .where('e.room_id', '=', roomId)
    .where('e.position', '=', sql<number>`any(${positions}::int8[])`)
    .execute();
  return rows.map(({ proof, content }) => canonicalJson(mergeEvent(proof, content)));
}

/** Queries on judgements: how an event was judged last. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { Verdict } from '../matrix/pdu.ts';

/** The newest verdict on each of these events, in the order asked; null for one that was never judged by itself. */
export async function latestVerdicts(
  db: Db,
  keys: readonly { readonly roomId: string; readonly position: number }[],
): Promise<readonly (Verdict | null)[]> {
  const found = await sql<{ n: number; verdict: Verdict }>`
    select k.n, v.verdict
      from unnest(${keys.map((_, n) => n)}::int4[], ${keys.map((k) => k.roomId)}::text[],
                  ${keys.map((k) => k.position)}::int8[]) as k (n, room_id, event)
     cross join lateral (
       select verdict from verdicts where room_id = k.room_id and event = k.event
        order by room_position desc limit 1) v`.execute(db);
  const byKey = new Map(found.rows.map((row) => [row.n, row.verdict]));
  return keys.map((_, n) => byKey.get(n) ?? null);
}

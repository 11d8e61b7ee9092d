/** Which moments of a room this server can tell of: not what was before it joined, nor what came while it was away. */
import { sql } from 'kysely';
import type { Db } from '../database/database.ts';
import type { ServerName } from '../matrix/identifiers.ts';

/** A place in a room's own log. */
export interface RoomPoint {
  readonly roomId: string;
  readonly at: number;
}

/**
 * Whether the state at each of these points was the room's, in the order asked: `server`, this one, had users in it, or
 * nobody had any and it had told everything up to there – because the room was made here, or because our users were the last
 * to leave.
 */
export async function knownMoments(
  db: Db,
  server: ServerName,
  points: readonly RoomPoint[],
): Promise<readonly boolean[]> {
  const { rows } = await sql<{ n: number; known: boolean }>`
    select p.n, exists (
        select from room_servers r where r.room_id = p.room_id and r.server = ${server}
          and r.from_at <= p.at and (r.to_at is null or r.to_at > p.at))
      or (not exists (
            select from room_servers r where r.room_id = p.room_id and r.from_at <= p.at and (r.to_at is null or r.to_at > p.at))
          and (exists (select from verdicts v where v.room_id = p.room_id and v.room_position = 1 and v.verdict = 'accepted')
            or exists (select from room_servers r where r.room_id = p.room_id and r.server = ${server} and r.to_at <= p.at))) as known
      from unnest(${points.map((_, n) => n)}::int4[], ${points.map((p) => p.roomId)}::text[], ${points.map((p) => p.at)}::int8[])
        as p (n, room_id, at)`.execute(db);
  const byPoint = new Map(rows.map((row) => [row.n, row.known]));
  return points.map((_, n) => byPoint.get(n) ?? false);
}

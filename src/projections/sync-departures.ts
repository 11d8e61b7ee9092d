/** Points in a room's log that a request names: when somebody went, what a timeline token stands before. */
import type { Db } from '../database/database.ts';
import type { TimelinePoint } from '../log/read.ts';
import type { Ref } from '../log/state-lines.ts';

/** Room position at which the user last went out of the room; null when they were never in it. */
export async function lastDeparture(db: Db, roomId: string, userId: string): Promise<number | null> {
  const row = await db
    .selectFrom('transitions')
    .select('at')
    .where('room_id', '=', roomId)
    .where('user_id', '=', userId)
    .where('from', '=', 'join')
    .where('to', '<>', 'join')
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.at ?? null;
}

/** The state before the event at a point of the timeline; where no event stands, the current state there. */
export async function refAtTimelinePoint(db: Db, roomId: string, { anchor, back }: TimelinePoint): Promise<Ref> {
  const row = await db
    .selectFrom('verdicts')
    .select(['before_line', 'before_at'])
    .where('room_id', '=', roomId)
    .where('anchor', '=', anchor)
    .where('back', '=', back)
    .where('verdict', '=', 'accepted')
    .executeTakeFirst();
  if (row?.before_line == null || row.before_at == null) return { line: 0, at: back > 0 ? anchor : anchor - 1 };
  return { line: row.before_line, at: row.before_at };
}

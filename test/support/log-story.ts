/** What the log tells of a room, for tests that count. */
import type { Database } from '../../src/database/database.ts';
import { readEvents, type StoredEvent } from '../../src/log/read.ts';

/** All events of a room, in the order of the log. */
export async function eventsOf({ db }: Database, roomId: string): Promise<readonly StoredEvent[]> {
  const rows = await db
    .selectFrom('events')
    .select('position')
    .where('room_id', '=', roomId)
    .orderBy('position')
    .execute();
  return readEvents(
    db,
    rows.map(({ position }) => ({ roomId, position })),
  );
}

/** The knocks among them. */
export async function knocksOf(database: Database, roomId: string): Promise<readonly StoredEvent[]> {
  const events = await eventsOf(database, roomId);
  return events.filter(({ type, content }) => type === 'm.room.member' && content['membership'] === 'knock');
}

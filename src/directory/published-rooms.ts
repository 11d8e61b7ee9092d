/** Which rooms are listed in the public directory. */
import type { Db } from '../database/database.ts';
import type { TxClient } from '../database/tx.ts';
import type { RoomId } from '../matrix/identifiers.ts';

export type Visibility = 'public' | 'private';

/** Whether a room is listed. */
export async function visibilityOf(db: Db, roomId: RoomId): Promise<Visibility> {
  const row = await db.selectFrom('published_rooms').select('room_id').where('room_id', '=', roomId).executeTakeFirst();
  return row === undefined ? 'private' : 'public';
}

/** Lists a room, or takes it off the list, in the transaction that also stores the act. Repeating it changes nothing. */
export async function setVisibility(tx: TxClient, roomId: RoomId, visibility: Visibility, at: number): Promise<void> {
  if (visibility === 'private') {
    await tx.query({ text: 'delete from published_rooms where room_id = $1', values: [roomId] });
    return;
  }
  await tx.query({
    text: 'insert into published_rooms (room_id, published_at) values ($1, $2) on conflict do nothing',
    values: [roomId, new Date(at).toISOString()],
  });
}

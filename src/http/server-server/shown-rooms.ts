/** What rooms show of themselves to another server: to one whose users could enter, knock or look in. */
import { mayPreview } from '../../access/room-access.ts';
import type { Db } from '../../database/database.ts';
import type { RoomId, ServerName } from '../../matrix/identifiers.ts';
import { roomsById } from '../../projections/room-queries.ts';
import { isInvitedTo, residentAmong, roomsWithServer } from '../../projections/room-servers.ts';
import { allowedBy, roomCards, summaryEntry } from '../room-card.ts';

export type ShownRoom = ReturnType<typeof summaryEntry>;

/**
 * The rooms by id that users of this server are in: `hidden` where the other server is shown nothing. `invited too`: it is
 * looked up whether users of the other server are invited, which takes as long as there are members.
 */
export async function shownTo(
  db: Db,
  roomIds: readonly RoomId[],
  server: ServerName,
  doorstep: 'invited too' | 'members alone' = 'members alone',
): Promise<ReadonlyMap<RoomId, ShownRoom | 'hidden'>> {
  const here = await residentAmong(db, roomIds);
  const known = [...new Set(roomIds)].filter((roomId) => here.has(roomId));
  const [cards, heads] = await Promise.all([roomCards(db, known), roomsById(db, known)]);
  const allowed = cards.flatMap((card) => allowedBy(card) ?? []);
  const present = await roomsWithServer(db, [...known, ...allowed], server);
  const shown = await Promise.all(
    cards.map(async (card, n): Promise<readonly [RoomId, ShownRoom | 'hidden']> => {
      const membership = present.has(card.roomId) ? 'join' : 'none';
      const vouched = (allowedBy(card) ?? []).some((roomId) => present.has(roomId));
      const isOpen =
        mayPreview({ ...card, membership, vouched }) ||
        (doorstep === 'invited too' && (await isInvitedTo(db, card.roomId, server)));
      const head = heads[n]!;
      return [card.roomId, isOpen && card.federates && head !== null ? summaryEntry(card, head) : 'hidden'];
    }),
  );
  return new Map(shown);
}

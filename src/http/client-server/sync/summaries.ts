/** The summaries of joined rooms: how many are in them, and by whom a room without a name can be called. */
import { stateKeyText } from '../../../matrix/auth-events.ts';
import type { Db } from '../../../database/database.ts';
import { stringIn } from '../../../matrix/pdu.ts';
import { heroes, valuesAtMany, type UserRoom } from '../../../projections/sync-queries.ts';
import type { EventBook } from '../event-book.ts';

export interface RoomSummary {
  readonly 'm.joined_member_count': number;
  readonly 'm.invited_member_count': number;
  readonly 'm.heroes'?: readonly string[];
}

const NAMES = [
  ['m.room.name', '', 'name'],
  ['m.room.canonical_alias', '', 'alias'],
] as const;

/** How many people a room without a name is called by (client-server API, RoomSummary). */
export const HEROES = 5;

/** By room. Heroes only where the room has neither name nor alias. */
export async function readSummaries(
  db: Db,
  book: EventBook,
  userId: string,
  rooms: readonly UserRoom[],
  most: number,
): Promise<ReadonlyMap<string, RoomSummary>> {
  const keys = NAMES.map(([type, stateKey]) => [type, stateKey] as const);
  const values = await valuesAtMany(
    db,
    rooms.map(({ roomId, roomPosition }) => ({ roomId, ref: { line: 0, at: roomPosition }, keys })),
  );
  await book.load(rooms.flatMap(({ roomId }, n) => [...values[n]!.values()].map((position) => ({ roomId, position }))));
  const isNamed = (n: number) =>
    NAMES.some(([type, stateKey, field]) => {
      const event = book.get(values[n]!.get(stateKeyText(type, stateKey)) ?? -1);
      return event !== undefined && (stringIn(event.content, field) ?? '') !== '';
    });
  const nameless = rooms.filter((_, n) => !isNamed(n)).map((room) => room.roomId);
  const named = await heroes(db, nameless, userId, most);
  return new Map(
    rooms.map(({ roomId, joined, invited }) => {
      const people = named.get(roomId);
      const counts = { 'm.joined_member_count': joined, 'm.invited_member_count': invited };
      return [roomId, people === undefined ? counts : { ...counts, 'm.heroes': people }];
    }),
  );
}

/** Invites and knocks of an answer: the stripped state of each room as it was when the invite or the knock was sent. */
import type { Db } from '../../../database/database.ts';
import type { JsonValue } from '../../../matrix/json.ts';
import { refsBefore, valuesAtMany } from '../../../projections/sync-queries.ts';
import { STRIPPED_STATE_KEYS, strippedEvent } from '../client-event.ts';
import type { EventBook } from '../event-book.ts';
import type { DoorstepRoom } from './sections.ts';

export type StrippedState = readonly Readonly<Record<string, JsonValue>>[];

/**
 * By room: the stripped state, the user's own member event last. Never refreshed: what the room became is not shown.
 * Invites by ignored people are left out.
 */
export async function readDoorsteps(
  db: Db,
  book: EventBook,
  chosen: readonly DoorstepRoom[],
  ignored: ReadonlySet<string>,
): Promise<ReadonlyMap<string, StrippedState>> {
  const doorsteps = ignored.size === 0 ? chosen : await withoutIgnored(book, chosen, ignored);
  const refs = await refsBefore(
    db,
    doorsteps.map(({ room }) => ({ roomId: room.roomId, event: room.event })),
  );
  const values = await valuesAtMany(
    db,
    doorsteps.map(({ room }, n) => ({ roomId: room.roomId, ref: refs[n]!, keys: STRIPPED_STATE_KEYS })),
  );
  const positions = doorsteps.map(({ room }, n) => [...values[n]!.values(), room.event]);
  await book.load(
    doorsteps.flatMap(({ room }, n) => positions[n]!.map((position) => ({ roomId: room.roomId, position }))),
  );
  return new Map(
    doorsteps.map(({ room }, n) => {
      const events = positions[n]!.flatMap((position) => book.get(position) ?? []);
      return [room.roomId, events.map((event) => strippedEvent(event, room.version))];
    }),
  );
}

async function withoutIgnored(
  book: EventBook,
  chosen: readonly DoorstepRoom[],
  ignored: ReadonlySet<string>,
): Promise<readonly DoorstepRoom[]> {
  await book.load(chosen.map(({ room }) => ({ roomId: room.roomId, position: room.event })));
  return chosen.filter(({ section, room }) => section === 'knock' || !ignored.has(book.get(room.event)?.sender ?? ''));
}

/** Invites and knocks of an answer: the stripped state of each room as it was when the invite or the knock was sent. */
import type { Db } from '../../../database/database.ts';
import { strippedStates } from '../../../log/out-of-band.ts';
import type { JsonValue } from '../../../matrix/json.ts';
import { STRIPPED_STATE_KEYS } from '../../../matrix/room-words.ts';
import { refsBefore, valuesAtMany } from '../../../projections/sync-queries.ts';
import { strippedEvent } from '../client-event.ts';
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
  const wanted = ignored.size === 0 ? chosen : await withoutIgnored(book, chosen, ignored);
  const [outside, doorsteps] = [wanted.filter(isOutside), wanted.filter((doorstep) => !isOutside(doorstep))];
  const refs = await refsBefore(
    db,
    doorsteps.map(({ room }) => ({ roomId: room.roomId, event: room.event })),
  );
  const values = await valuesAtMany(
    db,
    doorsteps.map(({ room }, n) => {
      // Of a room that was taken over with it, what the room was then.
      const ref = refs[n] ?? { line: 0, at: room.since };
      return { roomId: room.roomId, ref, keys: STRIPPED_STATE_KEYS };
    }),
  );
  const positions = doorsteps.map(({ room }, n) => [...values[n]!.values(), room.event]);
  await book.load(
    doorsteps.flatMap(({ room }, n) => positions[n]!.map((position) => ({ roomId: room.roomId, position }))),
  );
  const inside = doorsteps.map(({ room }, n): readonly [string, StrippedState] => {
    const events = positions[n]!.flatMap((position) => book.get(position) ?? []);
    return [room.roomId, events.map((event) => strippedEvent(event, room.version))];
  });
  return new Map([...inside, ...(await readOutside(db, book, outside))]);
}

const isOutside = ({ room }: DoorstepRoom): boolean => room.outside === true;

/** Of rooms that this server is not in: what the user was told. */
async function readOutside(
  db: Db,
  book: EventBook,
  doorsteps: readonly DoorstepRoom[],
): Promise<readonly (readonly [string, StrippedState])[]> {
  await book.load(doorsteps.map(({ room }) => ({ roomId: room.roomId, position: room.event })));
  const told = await strippedStates(
    db,
    doorsteps.map(({ room }) => ({ roomId: room.roomId, event: room.event })),
  );
  return doorsteps.map(({ room }) => {
    const event = book.get(room.event);
    const own = event === undefined ? [] : [strippedEvent(event, room.version)];
    return [room.roomId, [...(told.get(room.roomId) ?? []), ...own]];
  });
}

async function withoutIgnored(
  book: EventBook,
  chosen: readonly DoorstepRoom[],
  ignored: ReadonlySet<string>,
): Promise<readonly DoorstepRoom[]> {
  await book.load(chosen.map(({ room }) => ({ roomId: room.roomId, position: room.event })));
  return chosen.filter(({ section, room }) => section === 'knock' || !ignored.has(book.get(room.event)?.sender ?? ''));
}

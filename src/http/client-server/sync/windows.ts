/** How much of a room's log an answer covers: pure, over the chosen rooms and the client's token. */
import type { Stretch } from '../../../projections/sync-queries.ts';
import type { JoinedRoom, LeftRoom } from './sections.ts';

/** A joined or left room with the part of its log that is new to the client. */
export interface RoomWindow {
  readonly entry: JoinedRoom | LeftRoom;
  /** What the timeline is cut from: up to the head or the departure; and an own later member event (a ban) by itself. */
  readonly stretches: readonly Stretch[];
  /** Room position of the end, where the state is asked for. */
  readonly end: number;
  /** The whole state is told, not only what changed. */
  readonly full: boolean;
}

export interface WindowsInput {
  readonly fullState: boolean;
  /** By room: its own count at the client's token. */
  readonly known: ReadonlyMap<string, number>;
}

export function windowOf(entry: JoinedRoom | LeftRoom, { fullState, known }: WindowsInput): RoomWindow {
  const { roomId, roomPosition } = entry.room;
  const from = entry.isNew ? 0 : (known.get(roomId) ?? 0);
  const full = fullState || entry.isNew;
  if (entry.section === 'join') {
    return { entry, stretches: [{ roomId, from, to: roomPosition }], end: roomPosition, full };
  }
  const { departedAt, endedAt } = entry;
  const own = { roomId, from: endedAt - 1, to: endedAt };
  // An ended invite or knock, or a ban of somebody who was not in: one event and nothing of the room.
  if (departedAt === null) return { entry, stretches: [own], end: endedAt, full: false };
  const stay = { roomId, from, to: departedAt };
  return { entry, stretches: endedAt > departedAt ? [stay, own] : [stay], end: departedAt, full };
}

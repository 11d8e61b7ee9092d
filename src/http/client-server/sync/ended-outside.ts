/** Invites and knocks that ended in rooms that this server is not in: the user's own last event, and nothing of the room. */
import { membershipOf } from '../../../matrix/pdu.ts';
import type { ToldEvent } from '../client-event.ts';
import type { EventBook } from '../event-book.ts';
import { timelineToken } from '../pagination-token.ts';
import type { RoomNews } from './room-news.ts';
import type { JoinedRoom, LeftRoom } from './sections.ts';

type EndedOutside = LeftRoom;

export function isOutside(entry: JoinedRoom | LeftRoom): entry is EndedOutside {
  return entry.section === 'leave' && entry.room.outside === true;
}

/** Of an entry, what the room's own log tells: of one that ended outside the stay before, if there was one. */
export function stayOf(entry: JoinedRoom | LeftRoom): readonly (JoinedRoom | LeftRoom)[] {
  if (!isOutside(entry)) return [entry];
  return entry.departedAt === null ? [] : [{ ...entry, endedAt: entry.departedAt }];
}

/** By room: the last event, behind what is told of a stay before it. */
export async function readEnded(
  book: EventBook,
  entries: readonly EndedOutside[],
  stays: ReadonlyMap<string, RoomNews>,
  { now, useStateAfter }: { readonly now: number; readonly useStateAfter: boolean },
): Promise<readonly (readonly [roomId: string, news: RoomNews])[]> {
  const keys = entries.flatMap(({ room: { roomId, event }, previous }) =>
    [event, previous].flatMap((position) => (position === null ? [] : [{ roomId, position }])),
  );
  await book.load(keys);
  return entries.map(({ room, previous }) => {
    const { roomId } = room;
    const event = book.get(room.event);
    // The invite or the knock that has ended, which the user was told of.
    const before = book.get(previous ?? -1);
    const replaced = before && { eventId: before.eventId, content: before.content };
    const membership = (event && membershipOf(event)) ?? 'leave';
    const last = event === undefined ? [] : [{ event, options: { now, withRoomId: false, membership, replaced } }];
    const stay = stays.get(roomId) ?? nothingBefore(room.since, useStateAfter);
    const timeline = { ...stay.timeline, events: [...stay.timeline.events, ...last] };
    return [roomId, { ...stay, timeline, ...stateAfter(stay, last) }];
  });
}

// Who asks for the state after the timeline takes it from there alone: the user's own last event takes the place of the one before.
function stateAfter({ state_after }: RoomNews, last: readonly ToldEvent[]): Pick<RoomNews, 'state_after'> {
  if (state_after === undefined) return {};
  const isOfLast = ({ event }: ToldEvent) =>
    last.some((one) => one.event.type === event.type && one.event.stateKey === event.stateKey);
  return { state_after: { events: [...state_after.events.filter((told) => !isOfLast(told)), ...last] } };
}

function nothingBefore(at: number, useStateAfter: boolean): RoomNews {
  const state = { events: [] };
  return {
    timeline: { events: [], limited: false, prev_batch: timelineToken({ anchor: at, back: 0 }) },
    ...(useStateAfter ? { state_after: state } : { state }),
    account_data: { events: [] },
  };
}

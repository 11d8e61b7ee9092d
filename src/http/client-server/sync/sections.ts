/** Which rooms a sync tells of, and in which of its four sections: pure, over the user's memberships then and now. */
import type { Membership } from '../../../matrix/pdu.ts';
import type { UserRoom, UserTransition } from '../../../projections/sync-queries.ts';
import { wantsRoom, type SyncFilter } from './filter.ts';

/** A joined room: what came after the client's token, or all of it when the client knows nothing of it. */
export interface JoinedRoom {
  readonly section: 'join';
  readonly room: UserRoom;
  /** The client's token does not cover the room: it was not joined then. */
  readonly isNew: boolean;
}

/** A pending invite or knock, new since the token. */
export interface DoorstepRoom {
  readonly section: 'invite' | 'knock';
  readonly room: UserRoom;
}

/** A room that the user left, or was put out of, since the token. */
export interface LeftRoom {
  readonly section: 'leave';
  readonly room: UserRoom;
  /** Room position of the last departure from a joined room since the token; null when only an invite or a knock ended, or a ban fell. */
  readonly departedAt: number | null;
  /** Room position of the user's own last member event. */
  readonly endedAt: number;
  /** Position of the one that it took the place of; null: none. */
  readonly previous: number | null;
  /** The client's token does not cover the room: it was not joined then. */
  readonly isNew: boolean;
}

export type SectionRoom = JoinedRoom | DoorstepRoom | LeftRoom;

export interface SectionsInput {
  readonly rooms: readonly UserRoom[];
  /** Of the user, after `since`, in order. */
  readonly transitions: readonly UserTransition[];
  /** Position of the client's token; null without one. */
  readonly since: number | null;
  readonly fullState: boolean;
  readonly filter: SyncFilter;
  /** Rooms with news of the user's account data. */
  readonly noted: ReadonlySet<string>;
  /** Rooms that the user left and wants to see no more. */
  readonly forgotten: ReadonlySet<string>;
  /** Pending invites are told again: one that was kept back may be among them. */
  readonly invitesAgain: boolean;
}

/** Each room at most once, by its membership now. */
export function chooseSections(input: SectionsInput): readonly SectionRoom[] {
  const moves = Map.groupBy(input.transitions, (transition) => transition.roomId);
  return input.rooms.flatMap((room) => {
    if (!wantsRoom(input.filter, room.roomId)) return [];
    const chosen = chooseSection(input, room, moves.get(room.roomId) ?? []);
    return chosen === null ? [] : [chosen];
  });
}

function chooseSection(
  { since, fullState, filter, noted, forgotten, invitesAgain }: SectionsInput,
  room: UserRoom,
  moves: readonly UserTransition[],
): SectionRoom | null {
  const initial = since === null;
  const before: Membership | 'none' = initial ? 'none' : (moves[0]?.from ?? room.membership);
  const moved = initial || moves.length > 0;
  switch (room.membership) {
    case 'join':
      if (!moved && !fullState && room.lastPosition <= (since ?? 0) && !noted.has(room.roomId)) return null;
      return { section: 'join', room, isNew: before !== 'join' };
    case 'invite':
      return moved || fullState || invitesAgain ? { section: 'invite', room } : null;
    case 'knock':
      return moved || fullState ? { section: 'knock', room } : null;
    case 'leave':
    case 'ban': {
      if (!moved || (initial && (!filter.includeLeave || forgotten.has(room.roomId)))) return null;
      const departure = moves.findLast((move) => move.from === 'join' && move.to !== 'join');
      const last = moves.at(-1);
      const [endedAt, previous] = [last?.at ?? room.since, last?.previous ?? null];
      return { section: 'leave', room, departedAt: departure?.at ?? null, endedAt, previous, isNew: before !== 'join' };
    }
    default:
      return room.membership satisfies never;
  }
}

/** What a client wants of a sync: the parts of a filter that sync honours (client-server API, Filtering). */
import { MatrixError, type Errcode } from '../../../matrix/errors.ts';
import type { JsonObject } from '../../../matrix/json.ts';
import { flagAt, limitAt, listAt, objectAt, own } from '../filter-json.ts';
import { readEventFilter, type EventFilter } from '../history/event-filter.ts';

export interface SyncFilter {
  /** Events of a room's timeline in one answer. */
  readonly timelineLimit: number;
  /** Rooms that were left before the first sync are told of too. */
  readonly includeLeave: boolean;
  /** Null: all. */
  readonly rooms: ReadonlySet<string> | null;
  readonly notRooms: ReadonlySet<string>;
  /** Null: every event. */
  readonly timeline: EventFilter | null;
  readonly accountData: EventFilter;
  readonly roomAccountData: EventFilter;
}

/** Reads a filter's JSON. Lazy loading is accepted and not needed: all members are sent. Throws the errcode for a wrong type. */
export function readSyncFilter(whole: JsonObject, errcode: Errcode = 'M_INVALID_PARAM'): SyncFilter {
  try {
    const room = objectAt(whole, 'room');
    const timeline = objectAt(room, 'timeline');
    const wanted = readEventFilter(timeline);
    return {
      timelineLimit: limitAt(timeline),
      includeLeave: flagAt(room, 'include_leave'),
      rooms: own(room, 'rooms') === undefined ? null : listAt(room, 'rooms'),
      notRooms: listAt(room, 'not_rooms'),
      timeline: wanted.isOpen ? null : wanted,
      accountData: readEventFilter(objectAt(whole, 'account_data')),
      roomAccountData: readEventFilter(objectAt(room, 'account_data')),
    };
  } catch (error) {
    throw error instanceof MatrixError ? new MatrixError(errcode, error.message) : error;
  }
}

export function wantsRoom(filter: SyncFilter, roomId: string): boolean {
  return (filter.rooms === null || filter.rooms.has(roomId)) && !filter.notRooms.has(roomId);
}

export function wantsEveryRoom({ rooms, notRooms }: SyncFilter): boolean {
  return rooms === null && notRooms.size === 0;
}

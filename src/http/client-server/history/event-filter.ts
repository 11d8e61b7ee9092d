/** Which events of a room a client wants to be told of: a RoomEventFilter (client-server API, Filtering). */
import type { JsonObject } from '../../../matrix/json.ts';
import { flagAt, listAt, own, parseInline } from '../filter-json.ts';

export interface EventFilter {
  /** Whether an event may be wanted, by what is known of it unread. */
  readonly wants: (event: FilteredEvent) => boolean;
  /** Whether its content is wanted as well. */
  readonly wantsContent: (content: JsonObject) => boolean;
  /** Every event is wanted. */
  readonly isOpen: boolean;
  /** Members are told of only as senders of other events. */
  readonly lazyLoadMembers: boolean;
}

export interface FilteredEvent {
  readonly roomId: string;
  readonly type: string;
  readonly sender: string;
  /** Null: not state. */
  readonly stateKey: string | null;
}

/** Reads a `filter` parameter: inline JSON. Throws M_INVALID_PARAM for anything else. */
export function parseEventFilter(text: string | undefined): EventFilter {
  return readEventFilter(text === undefined ? {} : parseInline(text));
}

/** As parseEventFilter(), of a part of another filter. */
export function readEventFilter(filter: JsonObject): EventFilter {
  const rooms = listIn(filter, 'rooms');
  const senders = listIn(filter, 'senders');
  const types = listIn(filter, 'types')?.map(typePattern) ?? null;
  const notRooms = listAt(filter, 'not_rooms');
  const notSenders = listAt(filter, 'not_senders');
  const notTypes = [...listAt(filter, 'not_types')].map(typePattern);
  const containsUrl = own(filter, 'contains_url') === undefined ? null : flagAt(filter, 'contains_url');
  return {
    wants: ({ roomId, type, sender }) =>
      (rooms?.includes(roomId) ?? true) &&
      !notRooms.has(roomId) &&
      (senders?.includes(sender) ?? true) &&
      !notSenders.has(sender) &&
      (types?.some((matches) => matches(type)) ?? true) &&
      !notTypes.some((matches) => matches(type)),
    wantsContent: (content) => containsUrl === null || Object.hasOwn(content, 'url') === containsUrl,
    isOpen: CONDITIONS.every((name) => own(filter, name) === undefined),
    lazyLoadMembers: flagAt(filter, 'lazy_load_members'),
  };
}

/** The same without what ignored people send; what they do to a room's state stays. */
export function withoutIgnored(filter: EventFilter, ignored: ReadonlySet<string>): EventFilter {
  const isIgnored = ({ stateKey, sender }: FilteredEvent) => stateKey === null && ignored.has(sender);
  return { ...filter, wants: (event) => !isIgnored(event) && filter.wants(event) };
}

const CONDITIONS = ['types', 'not_types', 'senders', 'not_senders', 'rooms', 'not_rooms', 'contains_url'] as const;

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;

/** How many events are told, of as many as are asked for. */
export function eventLimit(asked: number | undefined): number {
  return Math.min(asked ?? DEFAULT_LIMIT, MAX_LIMIT);
}

function listIn(filter: JsonObject, name: string): readonly string[] | null {
  return own(filter, name) === undefined ? null : [...listAt(filter, name)];
}

/** A type in which each `*` stands for any text. Takes time in proportion to the two texts, whoever wrote them. */
function typePattern(pattern: string): (type: string) => boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return (type) => type === pattern;
  return (type) => {
    if (!type.startsWith(first)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = type.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return type.length - last.length >= at && type.endsWith(last);
  };
}

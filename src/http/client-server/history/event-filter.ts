/** Which events of a room a client wants to be told of: a RoomEventFilter (client-server API, Filtering). */
import { MatrixError } from '../../../matrix/errors.ts';
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
  const types = listIn(filter, 'types');
  const isOfTypes = types === null ? () => true : typeMatcher('types', types);
  const notRooms = listAt(filter, 'not_rooms');
  const notSenders = listAt(filter, 'not_senders');
  const isOfNotTypes = typeMatcher('not_types', listAt(filter, 'not_types'));
  const containsUrl = own(filter, 'contains_url') === undefined ? null : flagAt(filter, 'contains_url');
  return {
    wants: ({ roomId, type, sender }) =>
      (rooms?.has(roomId) ?? true) &&
      !notRooms.has(roomId) &&
      (senders?.has(sender) ?? true) &&
      !notSenders.has(sender) &&
      isOfTypes(type) &&
      !isOfNotTypes(type),
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

function listIn(filter: JsonObject, name: string): ReadonlySet<string> | null {
  return own(filter, name) === undefined ? null : listAt(filter, name);
}

/** Of types with `*` in one list: each is held against every event that is looked at. */
const MAX_PATTERNS = 100;

/** Whether a type is on the list, where a `*` stands for any text. Throws M_INVALID_PARAM for more than 100 with one. */
function typeMatcher(name: string, list: ReadonlySet<string>): (type: string) => boolean {
  const patterns = [...list].filter((entry) => entry.includes('*'));
  if (patterns.length > MAX_PATTERNS)
    throw new MatrixError('M_INVALID_PARAM', `filter: ${name} holds more than ${MAX_PATTERNS} types with a *.`);
  const matchers = patterns.map(typePattern);
  return (type) => list.has(type) || matchers.some((matches) => matches(type));
}

/** A type in which each `*` stands for any text. Takes time in proportion to the two texts, whoever wrote them. */
function typePattern(pattern: string): (type: string) => boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop() ?? '';
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

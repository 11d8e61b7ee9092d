/** Shapes of what other servers answer: each is read as far as it will be used, and nothing of it is believed. */
import { parseEventId, type EventId, type RoomId } from '../matrix/identifiers.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../matrix/json.ts';
import { gives, malformed, type Answer } from './answer.ts';

/**
 * Events of a room in a list: objects, at most `most`, each of which says that it is of the room. Those that are no JSON
 * Matrix knows are left out; all else about them is yet to be checked.
 */
export function readEvents(
  answer: JsonObject,
  key: string,
  roomId: RoomId,
  most = Infinity,
): Answer<readonly JsonObject[]> {
  const list = answer[key];
  if (!isJsonArray(list)) return malformed(`${key} is no list.`);
  if (list.length > most) return malformed(`${key} has more events than were asked for.`);
  // What could not be parsed stands as null.
  const events = list.filter((each) => each !== null);
  if (!events.every((each) => isJsonObject(each))) return malformed(`${key} has what is no event.`);
  if (!events.every((each) => isOfRoom(each, roomId))) return malformed(`${key} has events of another room.`);
  return gives(events);
}

/** Ids of events in a list, each once. */
export function readEventIds(answer: JsonObject, key: string, most = Infinity): Answer<readonly EventId[]> {
  const list = answer[key];
  if (!isEventIds(list)) return malformed(`${key} is no list of event ids.`);
  if (list.length > most) return malformed(`${key} has too many ids.`);
  return gives([...new Set(list)]);
}

/** Whether an event says that it is of the room. A create event without a room id says it by its own id, which is not looked at. */
export function isOfRoom(event: JsonObject, roomId: RoomId): boolean {
  if (Object.hasOwn(event, 'room_id')) return event['room_id'] === roomId;
  return event['type'] === 'm.room.create';
}

function isEventIds(value: JsonValue | undefined): value is readonly EventId[] {
  return isJsonArray(value) && value.every((id) => typeof id === 'string' && parseEventId(id) !== null);
}

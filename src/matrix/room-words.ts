// What rooms say of themselves in words that are not one member of a content.
import { parseRoomId, type RoomId } from './identifiers.ts';
import { isJsonArray, isJsonObject, type JsonObject } from './json.ts';
import { objectIn, stringIn } from './pdu.ts';

/**
 * The topic as plain text, or null: the first plain representation of `m.topic` when there are representations, else
 * `topic` (client-server API, m.room.topic).
 */
export function topicText(content: JsonObject): string | null {
  const representations = objectIn(content, 'm.topic')?.['m.text'];
  if (!isJsonArray(representations)) return stringIn(content, 'topic');
  const plain = representations.filter(isJsonObject).find((one) => (one['mimetype'] ?? 'text/plain') === 'text/plain');
  return plain === undefined ? null : stringIn(plain, 'body');
}

/** The rooms whose members a restricted join rule lets in; malformed entries let in nobody. */
export function allowedRooms(content: JsonObject): readonly RoomId[] {
  const allow = content['allow'];
  return (isJsonArray(allow) ? allow : []).flatMap((entry) => {
    if (!isJsonObject(entry) || entry['type'] !== 'm.room_membership') return [];
    return parseRoomId(stringIn(entry, 'room_id') ?? '') ?? [];
  });
}

/** The state that an invite or a knock shows of its room (client-server API, Stripped state). */
export const STRIPPED_STATE_KEYS = [
  ['m.room.create', ''],
  ['m.room.join_rules', ''],
  ['m.room.canonical_alias', ''],
  ['m.room.avatar', ''],
  ['m.room.name', ''],
  ['m.room.encryption', ''],
  ['m.room.topic', ''],
] as const;

// What a server tells of a room to somebody who is not in it (client-server API, Stripped state): checked, and cut to its four keys.
import { checkPduFormat } from './pdu-format.ts';
import { eventIdOf, roomIdOfCreate } from './hashes.ts';
import { isUserId, type RoomId } from './identifiers.ts';
import { isJsonObject, jsonObject, type JsonObject, type JsonValue } from './json.ts';
import { isRejection } from './rejection.ts';
import { stringIn } from './pdu.ts';
import type { RoomVersion } from './room-versions.ts';

/** So many entries of what was told are kept: the list of the specification has seven. */
const MAX_ENTRIES = 50;
/** In characters; no whole event is larger. */
const MAX_ENTRY = 65_536;

/**
 * The entries that have the form of stripped state, one a key, the first of each, with the keys that clients get: `type`,
 * `state_key`, `sender`, `content`; of the create event since version 12 also `origin_server_ts`.
 */
export function strippedState(told: readonly JsonValue[], roomId: RoomId, version: RoomVersion): readonly JsonObject[] {
  const kept = new Map<string, JsonObject>();
  for (const entry of told) {
    if (kept.size === MAX_ENTRIES) break;
    const stripped = strippedEntry(entry, roomId, version);
    if (stripped === null || JSON.stringify(stripped).length > MAX_ENTRY) continue;
    const name = `${stringIn(stripped, 'type')}\u0000${stringIn(stripped, 'state_key')}`;
    if (!kept.has(name)) kept.set(name, stripped);
  }
  return [...kept.values()];
}

function strippedEntry(entry: JsonValue, roomId: RoomId, version: RoomVersion): JsonObject | null {
  if (!isJsonObject(entry)) return null;
  const { type, state_key, sender, content, origin_server_ts } = entry;
  if (typeof type !== 'string' || typeof state_key !== 'string' || !isUserId(sender) || !isJsonObject(content))
    return null;
  const stripped = { type, state_key, sender, content };
  if (type !== 'm.room.create') return jsonObject(stripped);
  if (state_key !== '') return null;
  if (!version.roomIdIsCreateHash) return jsonObject(stripped);
  // Of such a room the create event is its name: any other is of another room.
  if (createFlaw([entry], roomId, version) !== null || !Number.isSafeInteger(origin_server_ts)) return null;
  return jsonObject({ ...stripped, origin_server_ts });
}

/**
 * What is wrong with the create event that is told, in words: since version 12 it has to be there, whole, and that of this
 * room and version. Null: nothing, or in an older version nobody can tell.
 */
export function createFlaw(told: readonly JsonValue[], roomId: RoomId, version: RoomVersion): string | null {
  if (!version.roomIdIsCreateHash) return null;
  const create = told.find((entry) => isJsonObject(entry) && entry['type'] === 'm.room.create');
  if (!isJsonObject(create)) return 'The room state holds no m.room.create event.';
  const pdu = checkPduFormat(create, version);
  if (isRejection(pdu)) return 'The m.room.create event is not a whole event.';
  if (stringIn(pdu.content, 'room_version') !== version.id)
    return 'The m.room.create event is of another room version.';
  return roomIdOfCreate(eventIdOf(pdu, version)) === roomId ? null : 'The m.room.create event is that of another room.';
}

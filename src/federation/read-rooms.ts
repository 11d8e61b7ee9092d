/** Rooms as other servers show them in directories and summaries: in the wire's form, with what the form knows and no more. */
import { parseRoomId, type RoomId } from '../matrix/identifiers.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../matrix/json.ts';
import { objectIn, stringIn } from '../matrix/pdu.ts';
import { gives, malformed, type Answer } from './answer.ts';

export interface RemoteRoom {
  readonly room_id: RoomId;
  readonly num_joined_members: number;
  readonly world_readable: boolean;
  readonly guest_can_join: boolean;
  readonly join_rule: string;
  readonly name?: string;
  readonly topic?: string;
  readonly canonical_alias?: string;
  readonly avatar_url?: string;
  readonly room_type?: string;
}

export interface RemoteRoomsPage {
  readonly chunk: readonly RemoteRoom[];
  readonly next_batch?: string;
  readonly prev_batch?: string;
  readonly total_room_count_estimate: number;
}

export interface RemoteRoomSummary extends RemoteRoom {
  readonly room_version?: string;
  readonly encryption?: string;
  readonly allowed_room_ids?: readonly RoomId[];
}

/** A page of a directory, without the entries that are none. */
export function readPublicRooms(answer: JsonObject): Answer<RemoteRoomsPage> {
  const list = answer['chunk'];
  if (!isJsonArray(list)) return malformed('chunk is no list.');
  const chunk = list.flatMap((each) => (isJsonObject(each) ? (readRoom(each) ?? []) : []));
  const { total_room_count_estimate: total } = answer;
  return gives({
    chunk,
    ...texts(answer, ['next_batch', 'prev_batch']),
    total_room_count_estimate: isCount(total) ? total : chunk.length,
  });
}

/** The room that a hierarchy begins with, which must be the one asked about. */
export function readRoomSummary(answer: JsonObject, roomId: RoomId): Answer<RemoteRoomSummary> {
  const entry = objectIn(answer, 'room');
  const room = entry === null ? null : readRoom(entry);
  if (entry === null || room?.room_id !== roomId) return malformed('There is no summary of the room.');
  const { allowed_room_ids: allowed } = entry;
  return gives({
    ...room,
    ...texts(entry, ['room_version', 'encryption']),
    ...(isJsonArray(allowed) ? { allowed_room_ids: allowed.flatMap((each) => roomIdOf(each) ?? []) } : {}),
  });
}

function readRoom(entry: JsonObject): RemoteRoom | null {
  const roomId = roomIdOf(entry['room_id']);
  const { num_joined_members: joined, world_readable: readable, guest_can_join: guests } = entry;
  if (roomId === null || !isCount(joined) || typeof readable !== 'boolean' || typeof guests !== 'boolean') return null;
  return {
    room_id: roomId,
    num_joined_members: joined,
    world_readable: readable,
    guest_can_join: guests,
    // So the specification has it for rooms that do not say.
    join_rule: stringIn(entry, 'join_rule') ?? 'public',
    ...texts(entry, ['name', 'topic', 'canonical_alias', 'avatar_url', 'room_type']),
  };
}

function texts<const Key extends string>(of: JsonObject, keys: readonly Key[]): { readonly [key in Key]?: string } {
  const found = keys.flatMap((key) => {
    const text = stringIn(of, key);
    return text === null ? [] : [[key, text] as const];
  });
  return Object.fromEntries(found) as { readonly [key in Key]?: string };
}

function roomIdOf(value: JsonValue | undefined): RoomId | null {
  return typeof value === 'string' ? parseRoomId(value) : null;
}

function isCount(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

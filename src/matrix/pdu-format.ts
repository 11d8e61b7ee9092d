// The first check of a received event: has it the shape its room version asks for?
import { canonicalJson } from './canonical-json.ts';
import { MatrixError } from './errors.ts';
import { isLongUserId, isStorableText, parseEventId, parseRoomId } from './identifiers.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from './json.ts';
import type { Pdu } from './pdu.ts';
import { reject, type Rejection } from './rejection.ts';
import type { RoomVersion } from './room-versions.ts';

/** The canonical form with its signatures; server-server API, Size limits. */
export const MAX_PDU_BYTES = 65_536;
export const MAX_PREV_EVENTS = 20;
export const MAX_AUTH_EVENTS = 10;
/** Of `sender`, `room_id`, `state_key`, `type` and `event_id`. */
export const MAX_FIELD_BYTES = 255;
/** An event still fits, with what responses and transactions wrap round it, into what the JSON parser takes. */
const MAX_PDU_DEPTH = 95;

type Check = (event: JsonObject, version: RoomVersion) => Rejection | null;

/**
 * Checks the shape of a received event: required keys and their types, limits on sizes, on counts and on nesting, and
 * that every value has a canonical form (server-server API, Checks performed on receipt, 1). The values were parsed by
 * `parseJson`. Verifies neither hash nor signature nor a rule. `unsigned` is left as received.
 */
export function checkPduFormat(value: JsonObject, version: RoomVersion): Pdu | Rejection {
  for (const check of CHECKS) {
    const rejection = check(value, version);
    if (rejection !== null) return rejection;
  }
  return value as Pdu;
}

/**
 * Refuses an event of the right shape one of whose names takes more than 255 bytes. It is kept, rejected, since servers that
 * count characters know it and may cite it.
 */
export function checkNameSizes(pdu: Pdu): Rejection | null {
  const long = ['type', 'sender', 'state_key', 'event_id'].find((key) => {
    const value = pdu[key];
    return typeof value === 'string' && Buffer.byteLength(value) > MAX_FIELD_BYTES;
  });
  return long === undefined ? null : reject('format.size', `The event's ${long} takes more than 255 bytes.`);
}

const checkTexts: Check = (event) => {
  if (!isName(event['type'])) return shape('type');
  if (!isLongUserId(event['sender'])) return shape('sender');
  for (const key of ['state_key', 'redacts', 'event_id']) {
    if (Object.hasOwn(event, key) && !isName(event[key])) return shape(key);
  }
  return null;
};

const checkRoomId: Check = (event, version) => {
  const isCreate = event['type'] === 'm.room.create' && event['state_key'] === '';
  if (!Object.hasOwn(event, 'room_id')) {
    return version.roomIdIsCreateHash && isCreate ? null : shape('room_id');
  }
  const roomId = event['room_id'];
  return typeof roomId === 'string' && parseRoomId(roomId) !== null ? null : shape('room_id');
};

const checkNumbers: Check = (event) => {
  const { depth, origin_server_ts: sentAt } = event;
  if (!Number.isSafeInteger(depth) || Number(depth) < 0) return shape('depth');
  return Number.isSafeInteger(sentAt) ? null : shape('origin_server_ts');
};

const checkObjects: Check = (event) => {
  const { content, hashes, signatures, unsigned } = event;
  if (!isJsonObject(content)) return shape('content');
  if (!isJsonObject(hashes) || typeof hashes['sha256'] !== 'string') return shape('hashes');
  if (!isJsonObject(signatures)) return shape('signatures');
  return unsigned === undefined || isJsonObject(unsigned) ? null : shape('unsigned');
};

const checkReferences: Check = (event, version) => {
  const { auth_events: authEvents, prev_events: prevEvents } = event;
  if (!isEventIds(authEvents) || authEvents.length > MAX_AUTH_EVENTS) {
    return reject('format.auth_events', `auth_events must be a list of at most ${MAX_AUTH_EVENTS} event ids.`);
  }
  if (!isEventIds(prevEvents) || prevEvents.length > MAX_PREV_EVENTS) {
    return reject('format.prev_events', `prev_events must be a list of at most ${MAX_PREV_EVENTS} event ids.`);
  }
  // Since v12, the create event, whose id the room id is, must not be among the auth events.
  const roomId = event['room_id'];
  if (version.roomIdIsCreateHash && typeof roomId === 'string' && authEvents.includes(`$${roomId.slice(1)}`)) {
    return reject('format.auth_events', 'The create event is listed in auth_events.');
  }
  return null;
};

const checkSize: Check = (event) => {
  if (depthOf(event, MAX_PDU_DEPTH) > MAX_PDU_DEPTH) return reject('format.size', 'The event is nested too deeply.');
  try {
    const bytes = Buffer.byteLength(canonicalJson(withoutUnsigned(event)));
    return bytes <= MAX_PDU_BYTES ? null : reject('format.size', `The event is larger than ${MAX_PDU_BYTES} bytes.`);
  } catch (error) {
    if (error instanceof MatrixError) return reject('format.shape', error.message);
    throw error;
  }
};

const CHECKS: readonly Check[] = [checkTexts, checkRoomId, checkNumbers, checkObjects, checkReferences, checkSize];

function shape(key: string): Rejection {
  return reject('format.shape', `The event's ${key} is missing or not of the right form.`);
}

function isName(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && isStorableText(value);
}

function isEventIds(value: JsonValue | undefined): value is readonly string[] {
  return isJsonArray(value) && value.every((id) => typeof id === 'string' && parseEventId(id) !== null);
}

function withoutUnsigned(event: JsonObject): JsonObject {
  const { unsigned: _unsigned, ...rest } = event;
  return rest;
}

/** How deep a value nests; gives up, with the limit plus one, where it is deeper than the limit. */
function depthOf(value: JsonValue | undefined, limit: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (limit === 0) return 1;
  let deepest = 0;
  for (const child of Object.values(value)) deepest = Math.max(deepest, depthOf(child, limit - 1));
  return deepest + 1;
}

// Rule 1: which create events may begin a room.
import { domainOfRoomId, isUserId, serverOf } from './identifiers.ts';
import { isJsonArray } from './json.ts';
import { stringIn, type PduFields } from './pdu.ts';
import { reject, type Rejection } from './rejection.ts';
import { roomVersion, type RoomVersion } from './room-versions.ts';

/** Judges an m.room.create event; null allows it. https://spec.matrix.org/latest/rooms/v12/#authorization-rules */
export function checkCreate(pdu: PduFields, version: RoomVersion): Rejection | null {
  // If it has any prev_events, reject.
  if (pdu.prev_events.length > 0) return reject('create.prev_events', 'A create event has nothing before it.');
  return checkRoomId(pdu, version) ?? checkContent(pdu, version);
}

function checkRoomId(pdu: PduFields, version: RoomVersion): Rejection | null {
  if (version.roomIdIsCreateHash) {
    // Since v12, if the event has a room_id, reject.
    return pdu.room_id === undefined ? null : reject('create.room_id', 'A create event names no room: it makes one.');
  }
  // v7–v11, if the domain of the room_id does not match the domain of the sender, reject.
  const domain = pdu.room_id === undefined ? null : domainOfRoomId(pdu.room_id);
  if (domain === serverOf(pdu.sender)) return null;
  return reject('create.room_id', "The room id is not of the creator's server.");
}

function checkContent(pdu: PduFields, version: RoomVersion): Rejection | null {
  const { content } = pdu;
  // If content.room_version is present and is not a recognised version, reject.
  if (Object.hasOwn(content, 'room_version') && roomVersion(stringIn(content, 'room_version') ?? '') === null) {
    return reject('create.room_version', 'The room version is not supported.');
  }
  // v7–v10, if content has no creator property, reject.
  if (version.creatorInContent && !Object.hasOwn(content, 'creator')) {
    return reject('create.creator', 'The create event names no creator.');
  }
  // Since v12, if additional_creators is present in content and is not an array of strings where each string passes the
  // same user id validation applied to sender, reject.
  if (version.privilegedCreators && Object.hasOwn(content, 'additional_creators')) {
    const listed = content['additional_creators'];
    if (!isJsonArray(listed) || !listed.every(isUserId)) {
      return reject('create.additional_creators', 'additional_creators is not a list of user ids.');
    }
  }
  return null;
}

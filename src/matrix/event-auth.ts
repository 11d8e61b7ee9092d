// The authorisation rules in their order: nothing else makes an AuthorizedPdu.
import { stateKeyText, wantedAuthKeys } from './auth-events.ts';
import { checkCreate } from './event-auth-create.ts';
import { checkMember } from './event-auth-member.ts';
import { checkPowerLevels } from './event-auth-power-levels.ts';
import { createIdOfRoom } from './hashes.ts';
import { serverOf } from './identifiers.ts';
import type { AuthorizedPdu, PduFields, SignedPdu } from './pdu.ts';
import { reject, type Rejection } from './rejection.ts';
import { membershipIn, powerLevels, type RoomState, type StateEvent } from './room-state.ts';
import type { RoomVersion } from './room-versions.ts';

/**
 * Judges an event on a state of its room by every rule but the one about its auth_events (`checkAuthEvents`): the state
 * before the event, the state its auth_events make, or the current one.
 * https://spec.matrix.org/latest/rooms/v12/#authorization-rules
 */
export function authorize(pdu: SignedPdu, version: RoomVersion, state: RoomState): AuthorizedPdu | Rejection {
  return checkRules(pdu, version, state) ?? (pdu as AuthorizedPdu);
}

/**
 * The same rules for an event whose signatures are not in question: a template that another server asks for (its missing
 * signatures are not held against it), or an event replayed by state resolution. Null allows.
 */
export function checkRules(pdu: PduFields, version: RoomVersion, state: RoomState): Rejection | null {
  // If type is m.room.create, its own rules decide.
  if (pdu.type === 'm.room.create') return checkCreate(pdu, version);
  const outside = checkRoom(pdu, version, state);
  if (outside !== null) return outside;
  // If type is m.room.member, its own rules decide.
  if (pdu.type === 'm.room.member') return checkMember(pdu, version, state);
  // If the sender's current membership state is not join, reject.
  if (membershipIn(state, pdu.sender) !== 'join') return reject('sender.not_joined', 'You are not in this room.');
  return checkPower(pdu, version, state);
}

/**
 * Judges what an event lists as its auth_events, each with what is known of it; the caller has found them all.
 * A create event is judged by its own rules alone. Null allows.
 */
export function checkAuthEvents(
  pdu: PduFields,
  version: RoomVersion,
  authEvents: readonly (StateEvent & { readonly rejected?: boolean })[],
): Rejection | null {
  if (pdu.type === 'm.room.create') return null;
  const wanted = new Set(wantedAuthKeys(pdu, version).map(([type, key]) => stateKeyText(type, key)));
  const seen = new Set<string>();
  for (const { pdu: cited, rejected } of authEvents) {
    const key = cited.state_key === undefined ? null : stateKeyText(cited.type, cited.state_key);
    // If there are duplicate entries for a given type and state_key pair, reject.
    if (key !== null && seen.has(key))
      return reject('auth_events.duplicate', 'auth_events lists two events of one key.');
    // If there are entries whose type and state_key don't match those specified by the auth events selection, reject.
    if (key === null || !wanted.has(key)) {
      return reject('auth_events.unexpected', 'auth_events lists an event that has no say here.');
    }
    seen.add(key);
    // If there are entries which were themselves rejected, reject.
    if (rejected === true) return reject('auth_events.rejected', 'auth_events lists a rejected event.');
    // If any event in auth_events has a room_id which does not match that of the event being authorised, reject.
    if (cited.room_id !== pdu.room_id) {
      return reject('auth_events.other_room', 'auth_events lists an event of another room.');
    }
  }
  // v7–v11, if there is no m.room.create event among the entries, reject.
  if (wanted.has(stateKeyText('m.room.create', '')) && !seen.has(stateKeyText('m.room.create', ''))) {
    return reject('auth_events.no_create', 'auth_events lacks the create event.');
  }
  return null;
}

/** The room must have been created, be this one, and be open to the sender's server. */
function checkRoom(pdu: PduFields, version: RoomVersion, state: RoomState): Rejection | null {
  const create = state.get('m.room.create', '');
  if (create === undefined) return reject('room.no_create', 'The room has no create event.');
  // Since v12, if the event's room_id is not an event id for an accepted m.room.create event, with the sigil ! instead of
  // $, reject. Before, the create event names the room too.
  const isOfRoom = version.roomIdIsCreateHash
    ? pdu.room_id !== undefined && createIdOfRoom(pdu.room_id) === create.eventId
    : pdu.room_id === create.pdu.room_id;
  if (!isOfRoom) return reject('room.other_room', 'The event is of another room.');
  // If the content of the m.room.create event in the room state has the property m.federate set to false, and the sender
  // domain of the event does not match the sender domain of the create event, reject.
  const { content } = create.pdu;
  const isClosed = Object.hasOwn(content, 'm.federate') && content['m.federate'] === false;
  if (isClosed && serverOf(pdu.sender) !== serverOf(create.pdu.sender)) {
    return reject('federate.other_server', 'This room is not open to other servers.');
  }
  return null;
}

function checkPower(pdu: PduFields, version: RoomVersion, state: RoomState): Rejection | null {
  const levels = powerLevels(state, version);
  const power = levels.user(pdu.sender);
  // If type is m.room.third_party_invite, allow if and only if sender's current power level is greater than or equal to
  // the invite level.
  if (pdu.type === 'm.room.third_party_invite') {
    return power >= levels.invite
      ? null
      : reject('third_party_invite.power', 'You do not have the power level to invite.');
  }
  // If the event type's required power level is greater than the sender's power level, reject.
  if (levels.forEvent(pdu.type, pdu.state_key !== undefined) > power) {
    return reject('power.required', `You do not have the power level to send ${pdu.type}.`);
  }
  // If the event has a state_key that starts with an @ and does not match the sender, reject.
  if (pdu.state_key?.startsWith('@') && pdu.state_key !== pdu.sender) {
    return reject('state_key.other_user', "The state key is another user's.");
  }
  // If type is m.room.power_levels, its own rules decide. Otherwise, allow.
  return pdu.type === 'm.room.power_levels' ? checkPowerLevels(pdu, version, state) : null;
}

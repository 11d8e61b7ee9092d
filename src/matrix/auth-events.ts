// Which state entitles an event: the choice of its auth events.
import { objectIn, membershipOf, stringIn, type PduFields } from './pdu.ts';
import type { RoomVersion } from './room-versions.ts';

export type StateKey = readonly [type: string, stateKey: string];

/** A key of state as one string: neither half may contain NUL. */
export function stateKeyText(type: string, stateKey: string): string {
  return `${type}\0${stateKey}`;
}

/** The key that `stateKeyText` spelt. */
export function stateKeyOf(text: string): StateKey {
  const end = text.indexOf('\0');
  return [text.slice(0, end), text.slice(end + 1)];
}

const CREATE: StateKey = ['m.room.create', ''];

type Described = Pick<PduFields, 'type' | 'sender' | 'state_key' | 'content'>;

/**
 * The state whose events an event must list in `auth_events`, as far as they exist (server-server API, Auth events
 * selection). The create event comes first, except in version 12, where the room id stands for it; the create event
 * itself lists none.
 */
export function wantedAuthKeys(event: Described, version: RoomVersion): readonly StateKey[] {
  if (event.type === 'm.room.create') return [];
  const keys: StateKey[] = version.roomIdIsCreateHash ? [] : [CREATE];
  // The current m.room.power_levels event, and the sender's current m.room.member event.
  keys.push(['m.room.power_levels', ''], ['m.room.member', event.sender]);
  if (event.type === 'm.room.member') keys.push(...memberKeys(event, version));
  return distinct(keys);
}

/** The state that the rules read to judge an event: what it lists, and in every version the create event. */
export function stateKeysForAuth(event: Described, version: RoomVersion): readonly StateKey[] {
  return event.type === 'm.room.create' ? [] : distinct([CREATE, ...wantedAuthKeys(event, version)]);
}

function memberKeys(event: Described, version: RoomVersion): readonly StateKey[] {
  const keys: StateKey[] = [];
  const membership = membershipOf(event);
  // The target's current m.room.member event.
  if (event.state_key !== undefined) keys.push(['m.room.member', event.state_key]);
  // If membership is join, invite or knock, the current m.room.join_rules event.
  if (membership === 'join' || membership === 'invite' || membership === 'knock') keys.push(['m.room.join_rules', '']);
  // If membership is invite with a third_party_invite, the m.room.third_party_invite event of its token.
  if (membership === 'invite') {
    const signed = objectIn(objectIn(event.content, 'third_party_invite') ?? {}, 'signed');
    const token = signed && stringIn(signed, 'token');
    if (token !== null) keys.push(['m.room.third_party_invite', token]);
  }
  // If membership is join and content.join_authorised_via_users_server is present, and the room version supports
  // restricted rooms, that user's m.room.member event.
  if (membership === 'join' && version.restrictedJoinRules.length > 0) {
    const authoriser = stringIn(event.content, 'join_authorised_via_users_server');
    if (authoriser !== null) keys.push(['m.room.member', authoriser]);
  }
  return keys;
}

function distinct(keys: readonly StateKey[]): readonly StateKey[] {
  return keys.filter(([type, key], at) => keys.findIndex((other) => other[0] === type && other[1] === key) === at);
}

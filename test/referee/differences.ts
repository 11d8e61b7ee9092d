// Where we differ from Synapse on purpose: each difference as narrow as it is, and why.
import { serverOf, type UserId } from '../../src/matrix/identifiers.ts';
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../src/matrix/json.ts';
import { membershipOf, objectIn } from '../../src/matrix/pdu.ts';
import { ROOM_VERSIONS } from '../../src/matrix/room-versions.ts';
import type { Case } from './cases.ts';
import { NAMED_LEVELS } from './rules/room.ts';

/** A case that the two judge differently, with what each says: `allowed`, or why not. */
export interface Difference {
  readonly ours: string;
  readonly synapse: string;
  readonly case: Case;
}

export interface KnownDifference {
  readonly name: string;
  readonly why: string;
  covers(difference: Difference): boolean;
}

const NOT_FEDERATED = 'This room has been marked as unfederatable.';
const STRING_LEVEL = /^\s*[+-]?[0-9]+\s*$/;

export const KNOWN_DIFFERENCES: readonly KnownDifference[] = [
  {
    name: 'a foreign target in a closed room',
    why: 'The rule asks for the server of the sender; Synapse also asks for that of the user whose membership is set.',
    covers: ({ ours, synapse, case: { event, state } }) => {
      const create = state.find(({ pdu }) => pdu.type === 'm.room.create')?.pdu;
      if (create === undefined || create.content['m.federate'] !== false || event.type !== 'm.room.member')
        return false;
      const home = serverOf(create.sender);
      const targetIsForeign = serverOf(event.state_key as UserId) !== home;
      return ours === 'allowed' && synapse === NOT_FEDERATED && serverOf(event.sender) === home && targetIsForeign;
    },
  },
  {
    name: 'm.federate that is not a boolean',
    why: 'The rule closes a room where m.federate is false; for Synapse anything but true does.',
    covers: ({ ours, synapse, case: { state } }) => {
      const federate = state.find(({ pdu }) => pdu.type === 'm.room.create')?.pdu.content['m.federate'];
      return ours === 'allowed' && synapse === NOT_FEDERATED && typeof federate !== 'boolean';
    },
  },
  {
    name: 'room versions that only Synapse knows',
    why: 'A create event must name a version that the server recognises, and we recognise 7 to 12.',
    covers: ({ ours, synapse, case: { event } }) =>
      ours === 'create.room_version' && synapse === 'allowed' && /^[1-6]$/.test(String(event.content['room_version'])),
  },
  {
    name: 'an authoriser who has not signed, of what is no join',
    why: 'The rule about join_authorised_via_users_server is for every member event; Synapse asks it of joins.',
    covers: ({ ours, synapse, case: { event } }) =>
      ours === 'member.authoriser_signature' && synapse === 'allowed' && membershipOf(event) !== 'join',
  },
  {
    name: 'a third-party invite with another signature beside the good one',
    why: 'Any signature by any key will do; Synapse gives a key up at the first signature that is not by it.',
    covers: ({ ours, synapse, case: { event } }) =>
      ours === 'allowed' &&
      synapse === 'You are not invited to this room.' &&
      signersOfInvite(event.content).length > 1,
  },
  {
    name: 'a third-party invite with something that is no key beside the good one',
    why: 'What is no key verifies nothing; Synapse stumbles over it and drops the event.',
    covers: ({ ours, synapse, case: { state } }) => {
      const invite = state.find(({ pdu }) => pdu.type === 'm.room.third_party_invite')?.pdu.content;
      const stumbles = synapse.startsWith('ValueError') || synapse.startsWith('TypeError');
      return ours === 'allowed' && stumbles && invite !== undefined && JSON.stringify(invite).includes('"not ');
    },
  },
  {
    name: 'malformed levels in the first power levels, before version 10',
    why: 'What is no level cannot be compared with anybody’s power. Synapse looks at levels only when they are compared, and then drops every event of such a room.',
    covers: ({ ours, synapse, case: { version, event, state } }) => {
      const isFirst = state.every(({ pdu }) => pdu.type !== 'm.room.power_levels');
      const isBad = badLevels(event.content).length > 0;
      return takesStrings(version) && ours === 'power_levels.format' && synapse === 'allowed' && isFirst && isBad;
    },
  },
  {
    name: 'empty lists of levels, before version 10',
    why: 'Levels of event types stand in an object; Synapse does not notice a list that has nothing in it.',
    covers: ({ ours, synapse, case: { version, event } }) =>
      takesStrings(version) &&
      ours === 'power_levels.format' &&
      synapse === 'allowed' &&
      ['events', 'notifications'].some((key) => isJsonArray(event.content[key]) && event.content[key].length === 0),
  },
  {
    name: 'levels that only Python reads as integers, before version 10',
    why: 'A level is an integer or a text of the digits 0 to 9; Python also reads booleans, underscores, other digits.',
    covers: ({ ours, synapse, case: { version, event } }) => {
      const bad = badLevels(event.content);
      const isPythons =
        bad.length > 0 && bad.every((value) => typeof value === 'boolean' || value === '1_0' || value === '٣');
      return takesStrings(version) && ours.startsWith('power_levels.') && synapse === 'allowed' && isPythons;
    },
  },
  {
    name: 'levels of users of no server',
    why: 'The keys of users are user ids, of which Synapse asks only an @ and a colon.',
    covers: ({ ours, synapse, case: { event } }) =>
      ours === 'power_levels.users' &&
      synapse === 'allowed' &&
      Object.keys(objectIn(event.content, 'users') ?? {}).some(
        (id) => /^@.*:/.test(id) && !/^@[^:]{0,200}:[a-z]+$/.test(id),
      ),
  },
  {
    name: 'members of no server',
    why: 'A member is a user id; Synapse asks for a colon alone.',
    covers: ({ ours, synapse, case: { event } }) =>
      ours === 'member.state_key' && synapse === 'allowed' && /^[^@]*:|:.*\s/.test(String(event.state_key)),
  },
  {
    name: 'power levels of another state key',
    why: 'Every m.room.power_levels event is held against the levels in force; Synapse compares only equal state keys.',
    covers: ({ ours, synapse, case: { event } }) =>
      ours.startsWith('power_levels.') &&
      synapse === 'allowed' &&
      event.type === 'm.room.power_levels' &&
      event.state_key !== '',
  },
  {
    name: 'power levels that are no state',
    why: 'An event without a state key changes no levels, whatever its type; Synapse stumbles over it and drops the event.',
    covers: ({ ours, synapse, case: { event } }) =>
      ours === 'allowed' &&
      synapse === 'AttributeError: state_key' &&
      event.type === 'm.room.power_levels' &&
      event.state_key === undefined,
  },
];

/** The difference that covers this one, or null when it is news. */
export function knownDifference(difference: Difference): KnownDifference | null {
  return KNOWN_DIFFERENCES.find((known) => known.covers(difference)) ?? null;
}

function takesStrings(version: Case['version']): boolean {
  return !ROOM_VERSIONS[version].integerPowerLevels;
}

/** Every value that stands where a level, or an object of levels, should and is none. */
function badLevels(content: JsonObject): readonly JsonValue[] {
  return Object.entries(content).flatMap(([key, value]) => {
    if (NAMED_LEVELS.includes(key)) return isLevel(value) ? [] : [value];
    if (!['users', 'events', 'notifications'].includes(key)) return [];
    return isJsonObject(value) ? Object.values(value).filter((level) => !isLevel(level)) : [value];
  });
}

function isLevel(value: JsonValue): boolean {
  return typeof value === 'number' || (typeof value === 'string' && STRING_LEVEL.test(value));
}

function signersOfInvite(content: JsonObject): readonly string[] {
  const signed = objectIn(objectIn(content, 'third_party_invite') ?? {}, 'signed') ?? {};
  return Object.values(objectIn(signed, 'signatures') ?? {}).flatMap((by) => (isJsonObject(by) ? Object.keys(by) : []));
}

// Rule 1: create events.
import * as fc from 'fast-check';
import type { RoomId } from '../../../src/matrix/identifiers.ts';
import type { JsonValue } from '../../../src/matrix/json.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { event, ROOM, SOME_EVENT, type Case } from '../cases.ts';
import { anyOf, BOB, CREATOR, KIM, mostly, present, type Rule } from './room.ts';

const NO_USER_IDS: readonly JsonValue[] = [
  'kim',
  '@kim',
  '@kim:',
  '@kim:no domain',
  `@${'k'.repeat(250)}:there`,
  5,
  null,
  {},
  '',
];

function cases(version: RoomVersionId): fc.Arbitrary<Case> {
  const { roomIdIsCreateHash } = ROOM_VERSIONS[version];
  const elsewhere = fc.constantFrom(...(['!room:there', '!room:here:80', `!${'h'.repeat(43)}`] as RoomId[]));
  const listed = fc.array(mostly<JsonValue>(anyOf(BOB, KIM, CREATOR), fc.constantFrom(...NO_USER_IDS)), {
    maxLength: 3,
  });
  return fc
    .record({
      prevEvents: mostly<readonly string[]>(anyOf([]), anyOf([SOME_EVENT])),
      roomId: mostly<RoomId | null>(
        anyOf(roomIdIsCreateHash ? null : ROOM),
        roomIdIsCreateHash ? fc.oneof(elsewhere, anyOf(ROOM)) : elsewhere,
      ),
      roomVersion: mostly<JsonValue | undefined>(
        anyOf(version, version, '9', undefined),
        anyOf('99', '', 'org.example', 9, null, ['9'], '1', '6'),
      ),
      creator: mostly<JsonValue | undefined>(anyOf(CREATOR, CREATOR, KIM, 5, null), anyOf(undefined)),
      additional: mostly<JsonValue | undefined>(fc.oneof(anyOf(undefined), listed), anyOf(BOB, {}, null, 5)),
      sender: mostly(anyOf(CREATOR), anyOf(KIM)),
      stateKey: mostly(anyOf(''), anyOf('other', undefined)),
    })
    .map(({ prevEvents, roomId, roomVersion, creator, additional, sender, stateKey }) => {
      const content = present({ room_version: roomVersion, creator, additional_creators: additional });
      const input = { type: 'm.room.create', state_key: stateKey, sender, content, prev_events: prevEvents, depth: 1 };
      return { version, state: [], event: event(version, input, roomId).pdu };
    });
}

export const create: Rule = { name: 'create events', cases };

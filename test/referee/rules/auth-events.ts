// Rules 2 and 3: what an event lists as its auth_events, and of which room it is.
import * as fc from 'fast-check';
import type { EventId, RoomId } from '../../../src/matrix/identifiers.ts';
import type { StateEvent } from '../../../src/matrix/room-state.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { caseOf, createEvent, roomOf, type Case, type CitedEvent, type EventInput } from '../cases.ts';
import {
  anyOf,
  BOB,
  CREATOR,
  EVE,
  KIM,
  MOD,
  mostly,
  roomState,
  stateEvent,
  usersWithCreator,
  type Rule,
} from './room.ts';

const EVENTS: readonly EventInput[] = [
  { type: 'm.room.message', sender: BOB, content: { body: 'hello' } },
  { type: 'm.room.name', state_key: '', sender: MOD, content: { name: 'A room' } },
  { type: 'm.room.member', state_key: EVE, sender: EVE, content: { membership: 'knock' } },
  { type: 'm.room.member', state_key: EVE, sender: MOD, content: { membership: 'invite' } },
  { type: 'm.room.member', state_key: BOB, sender: MOD, content: { membership: 'leave' } },
  { type: 'm.room.member', state_key: BOB, sender: BOB, content: { membership: 'join', displayname: 'Bob' } },
];

/** The room that all these events are in, with a past that is not its state any more. */
function scenery(version: RoomVersionId): {
  readonly state: readonly StateEvent[];
  readonly past: Record<Extra, CitedEvent>;
} {
  const users = usersWithCreator(version, { [MOD]: 50 });
  const state = roomState(version, {
    members: { [MOD]: 'join', [BOB]: 'join', [EVE]: 'leave', [KIM]: 'join' },
    levels: { users },
    joinRules: { join_rule: 'knock' },
  });
  const here = state[0]!;
  const there = createEvent(version, KIM, { predecessor: {} });
  const add = (create: StateEvent, type: string, stateKey: string | undefined, content: object): StateEvent =>
    stateEvent(version, create, { type, state_key: stateKey, sender: CREATOR, content: { ...content } });
  const elsewhere = version === '12' ? there : { ...there, pdu: { ...there.pdu, room_id: '!room:there' as RoomId } };
  return {
    state,
    past: {
      olderLevels: add(here, 'm.room.power_levels', '', { users, ban: 60 }),
      olderRule: add(here, 'm.room.join_rules', '', { join_rule: 'public' }),
      rejectedLevels: { ...add(here, 'm.room.power_levels', '', { users, kick: 60 }), rejected: true },
      foreignLevels: stateEvent(version, elsewhere, {
        type: 'm.room.power_levels',
        state_key: '',
        sender: KIM,
        content: { users: { [BOB]: 100, [MOD]: 100 } },
      }),
      topic: add(here, 'm.room.topic', '', { topic: 'Knocking' }),
      stranger: stateEvent(version, here, {
        type: 'm.room.member',
        state_key: KIM,
        sender: KIM,
        content: { membership: 'knock' },
      }),
      message: add(here, 'm.room.message', undefined, { body: 'hello' }),
      create: here,
    },
  };
}

type Extra =
  'olderLevels' | 'olderRule' | 'rejectedLevels' | 'foreignLevels' | 'topic' | 'stranger' | 'message' | 'create';

const NOTHING = { drop: null, replaceLevels: null, add: null, repeat: false };

function authEvents(version: RoomVersionId): fc.Arbitrary<Case> {
  const { state, past } = scenery(version);
  const change = fc.oneof(
    fc.record({ ...constants(NOTHING), drop: fc.nat({ max: 4 }) }),
    fc.record({
      ...constants(NOTHING),
      replaceLevels: anyOf('olderLevels', 'olderLevels', 'rejectedLevels', 'foreignLevels'),
    }),
    fc.record({ ...constants(NOTHING), add: fc.constantFrom(...(Object.keys(past) as Extra[])) }),
    fc.record({ ...constants(NOTHING), repeat: fc.boolean() }),
  );
  return fc.record({ input: fc.constantFrom(...EVENTS), change }).map(({ input, change }) => {
    const usual = caseOf(version, state, input);
    const levels = state.find(({ pdu }) => pdu.type === 'm.room.power_levels')!.eventId;
    const cited: EventId[] = usual.event.auth_events.filter((_id, at) => at !== change.drop);
    if (change.replaceLevels !== null) cited[cited.indexOf(levels)] = past[change.replaceLevels].eventId;
    if (change.add !== null) cited.push(past[change.add].eventId);
    if (change.repeat) cited.push(...cited.slice(-1));
    return { ...usual, others: Object.values(past), event: { ...usual.event, auth_events: cited } };
  });
}

function constants<T extends object>(values: T): { readonly [key in keyof T]: fc.Arbitrary<T[key]> } {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, fc.constant(value)])) as never;
}

function otherRooms(version: RoomVersionId): fc.Arbitrary<Case> {
  const { state } = scenery(version);
  const create = state[0]!;
  const otherCreate = createEvent(version, KIM, { 'm.federate': true });
  const elsewhere = ROOM_VERSIONS[version].roomIdIsCreateHash ? roomOf(otherCreate) : ('!other:here' as RoomId);
  // The one event that cites no event of its room since version 12: nothing else tells where it belongs.
  const firstJoin: EventInput = {
    type: 'm.room.member',
    state_key: CREATOR,
    sender: CREATOR,
    content: { membership: 'join' },
    prev_events: [create.eventId],
  };
  return fc
    .record({
      input: fc.constantFrom(...EVENTS, firstJoin),
      isHere: mostly(anyOf(true), anyOf(false), 2),
      isCreated: mostly(anyOf(true), anyOf(false), 2),
    })
    .map(({ input, isHere, isCreated }) => {
      const before = input === firstJoin ? [create] : state;
      const usual = caseOf(version, isCreated ? before : before.slice(1), input);
      return { ...usual, event: { ...usual.event, room_id: isHere ? roomOf(create) : elsewhere } };
    });
}

export const auth: Rule = { name: 'auth_events', cases: authEvents };
export const rooms: Rule = { name: 'the room of an event', cases: otherRooms };

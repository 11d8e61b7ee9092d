// Rules 6, 8 and 9: who is in the room, has the level that an event requires, and owns its state key.
import * as fc from 'fast-check';
import type { JsonValue } from '../../../src/matrix/json.ts';
import type { RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { caseOf, SOME_EVENT, type Case } from '../cases.ts';
import {
  anyOf,
  BOB,
  CREATOR,
  hidesCreators,
  KIM,
  levelNear,
  MEMBERSHIPS,
  mostly,
  present,
  roomState,
  usersWithCreator,
  type Rule,
} from './room.ts';

const POWERS = [-1, 0, 10, 50, 100];

function senders(version: RoomVersionId): fc.Arbitrary<Case> {
  return fc
    .record({
      membership: mostly(anyOf('join'), fc.constantFrom(...MEMBERSHIPS), 1),
      sender: anyOf(BOB, KIM),
      stateKey: anyOf(undefined, ''),
    })
    .map(({ membership, sender, stateKey }) => {
      const levels = { users: usersWithCreator(version, { [BOB]: 50, [KIM]: 50 }) };
      const state = roomState(version, { members: { [BOB]: membership, [KIM]: membership }, levels });
      return caseOf(version, state, { type: 'org.example.note', state_key: stateKey, sender, content: {} });
    });
}

/** Messages and state, with every way to say, or not to say, which level they require. */
function requirements(version: RoomVersionId): fc.Arbitrary<Case> {
  const near = (power: number): fc.Arbitrary<JsonValue | undefined> =>
    fc.oneof(fc.constant(undefined), levelNear(version, power));
  return fc
    .constantFrom(...POWERS)
    .chain((power) =>
      fc.record({
        power: fc.constant(power),
        listed: fc.boolean(),
        usersDefault: near(power),
        byType: near(power),
        otherType: near(power),
        stateDefault: near(power),
        eventsDefault: near(power),
        isState: fc.boolean(),
        withLevels: mostly(anyOf(true), anyOf(false)),
        sender: mostly(anyOf(BOB), anyOf(CREATOR)),
      }),
    )
    .map((is) => {
      const events = present({ 'org.example.note': is.byType, 'm.room.name': is.otherType });
      const levels = present({
        users: usersWithCreator(version, is.listed ? { [BOB]: is.power } : {}),
        users_default: is.usersDefault,
        events,
        state_default: is.stateDefault,
        events_default: is.eventsDefault,
      });
      const state = roomState(version, { members: { [BOB]: 'join' }, levels: is.withLevels ? levels : null });
      const stateKey = is.isState ? 'key' : undefined;
      return caseOf(version, state, { type: 'org.example.note', state_key: stateKey, sender: is.sender, content: {} });
    });
}

function ownedStateKeys(version: RoomVersionId): fc.Arbitrary<Case> {
  const keys = [BOB, KIM, CREATOR, '@', `${BOB}_suffix`, '@bob', 'bob:here', '', ` ${KIM}`, undefined];
  return fc
    .record({ sender: anyOf(BOB, CREATOR), stateKey: fc.constantFrom(...keys), power: anyOf(0, 50, 100) })
    .map(({ sender, stateKey, power }) => {
      const levels = { users: usersWithCreator(version, { [BOB]: power }), state_default: 50 };
      const state = roomState(version, { members: { [BOB]: 'join' }, levels });
      return caseOf(version, state, { type: 'org.example.note', state_key: stateKey, sender, content: {} });
    });
}

/** Redactions are events like others: whether one takes effect is decided later, and not by these rules. */
function redacting(version: RoomVersionId): fc.Arbitrary<Case> {
  return fc
    .record({
      power: fc.constantFrom(...POWERS),
      redact: anyOf(undefined, 0, 50, 100),
      required: anyOf(undefined, 0, 10, 100),
      eventsDefault: anyOf(undefined, 10),
      membership: mostly(anyOf('join'), anyOf('leave')),
      inContent: fc.boolean(),
    })
    .map(({ power, redact, required, eventsDefault, membership, inContent }) => {
      const events = present({ 'm.room.redaction': required });
      const users = usersWithCreator(version, { [BOB]: power });
      const levels = present({ users, redact, events, events_default: eventsDefault });
      const state = roomState(version, { members: { [BOB]: membership }, levels });
      const content = inContent ? { redacts: SOME_EVENT } : {};
      const redacts = inContent ? undefined : SOME_EVENT;
      return caseOf(version, state, { type: 'm.room.redaction', sender: BOB, content, redacts });
    });
}

/** What the creators of version 12 may do that no level gives, and what they may not do to each other. */
function creatorPower(version: RoomVersionId): fc.Arbitrary<Case> {
  const highest = Number.MAX_SAFE_INTEGER;
  return fc
    .record({
      additional: mostly<readonly string[]>(anyOf([BOB]), anyOf([], [BOB, KIM]), 2),
      withLevels: mostly(anyOf(true), anyOf(false)),
      sender: anyOf(CREATOR, BOB, BOB, KIM),
      target: anyOf(null, null, CREATOR, BOB, KIM),
      membership: anyOf('leave', 'ban'),
      required: anyOf(highest, 100, 0),
      kim: anyOf(highest, 100, 0),
    })
    .map(({ additional, withLevels, sender, target, membership, required, kim }) => {
      const users = usersWithCreator(version, additional.includes(KIM) && hidesCreators(version) ? {} : { [KIM]: kim });
      const levels = { users, state_default: required, kick: required, ban: required };
      const state = roomState(version, {
        create: { additional_creators: additional },
        members: { [BOB]: 'join', [KIM]: 'join' },
        levels: withLevels ? levels : null,
      });
      const content = target === null ? { name: 'A room' } : { membership };
      const type = target === null ? 'm.room.name' : 'm.room.member';
      return caseOf(version, state, { type, state_key: target ?? '', sender, content });
    });
}

export const senderMembership: Rule = { name: "the sender's membership", cases: senders };
export const requiredLevels: Rule = { name: 'required levels', cases: requirements };
export const stateKeys: Rule = { name: 'state keys of users', cases: ownedStateKeys };
export const redactions: Rule = { name: 'redactions', cases: redacting };
export const creators: Rule = { name: 'the power of creators', cases: creatorPower };

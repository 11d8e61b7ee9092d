// Rule 5: what of member events the membership table does not multiply out.
import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/matrix/json.ts';
import { ROOM_VERSIONS, type RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { caseOf, SOME_EVENT, type Case } from '../cases.ts';
import {
  anyOf,
  BOB,
  CREATOR,
  EVE,
  hidesCreators,
  KIM,
  MEMBERSHIPS,
  MOD,
  mostly,
  present,
  roomState,
  usersWithCreator,
  type Rule,
} from './room.ts';

const JOIN_RULES = ['public', 'invite', 'knock', 'restricted', 'knock_restricted', 'private'];

/** Events that lack, or mangle, what a member event or the join rule must say. */
function malformed(version: RoomVersionId): fc.Arbitrary<Case> {
  const levels = { users: usersWithCreator(version, { [MOD]: 50 }), invite: 0 };
  return fc
    .record({
      joinRule: mostly<JsonValue | undefined>(
        fc.constantFrom(...JOIN_RULES),
        anyOf(undefined, 5, null, ['public'], {}),
        1,
      ),
      current: fc.constantFrom(...MEMBERSHIPS),
      membership: mostly<JsonValue | undefined>(
        anyOf('join', 'invite', 'leave', 'ban', 'knock'),
        anyOf(undefined, 5, null, ['join'], 'Join', ''),
      ),
      stateKey: mostly<JsonValue | undefined>(
        anyOf(BOB),
        anyOf(undefined, '', 'bob', '@bob', 'bob:here', '@bob:no server', EVE),
      ),
      sender: anyOf(BOB, BOB, MOD),
    })
    .map(({ joinRule, current, membership, stateKey, sender }) => {
      const joinRules = present({ join_rule: joinRule });
      const state = roomState(version, { members: { [MOD]: 'join', [BOB]: current }, levels, joinRules });
      return caseOf(version, state, {
        type: 'm.room.member',
        state_key: stateKey,
        sender,
        content: present({ membership }),
      });
    });
}

/** The first join of a room, which no join rule holds back. */
function firstJoin(version: RoomVersionId): fc.Arbitrary<Case> {
  return fc
    .record({
      creator: ROOM_VERSIONS[version].creatorInContent ? anyOf(CREATOR, BOB, 5) : anyOf(CREATOR),
      additional: hidesCreators(version) ? anyOf(undefined, [BOB]) : anyOf([BOB]),
      target: anyOf(CREATOR, CREATOR, BOB),
      sender: anyOf(CREATOR, CREATOR, BOB),
      current: anyOf('none', 'none', 'ban', 'leave'),
      previous: mostly(anyOf('create'), anyOf('other', 'both'), 3),
      membership: mostly(anyOf('join'), anyOf('knock', 'invite'), 9),
    })
    .map(({ creator, additional, target, sender, current, previous, membership }) => {
      const create = present({ creator, additional_creators: additional });
      const state = roomState(version, { create, members: { [CREATOR]: current, [BOB]: current } });
      const previousEvents = {
        create: [state[0]!.eventId],
        other: [SOME_EVENT],
        both: [state[0]!.eventId, SOME_EVENT],
      };
      const content = { membership };
      return caseOf(version, state, {
        type: 'm.room.member',
        state_key: target,
        sender,
        content,
        prev_events: previousEvents[previous],
      });
    });
}

/** Joins that a member vouches for. */
function vouchedJoins(version: RoomVersionId): fc.Arbitrary<Case> {
  return fc
    .record({
      joinRule: fc.constantFrom('restricted', 'restricted', 'knock_restricted', 'knock', 'public'),
      current: mostly(anyOf('none', 'leave', 'knock'), anyOf('join', 'invite', 'ban'), 3),
      membership: mostly(anyOf('join'), anyOf('knock', 'leave'), 5),
      sender: mostly(anyOf(EVE), anyOf(MOD), 9),
      authoriser: mostly<JsonValue | undefined>(
        anyOf(KIM, BOB, CREATOR),
        anyOf(undefined, EVE, '@nobody:there', '', 5, [KIM]),
        3,
      ),
      vouching: mostly(anyOf('join'), anyOf('none', 'invite', 'leave', 'ban'), 4),
      signed: mostly(anyOf(true), anyOf(false), 4),
      level: anyOf(0, 19, 20, 21),
      invite: anyOf(20, 20, undefined),
    })
    .map(({ joinRule, current, membership, sender, authoriser, vouching, signed, level, invite }) => {
      const levels = present({ users: usersWithCreator(version, { [KIM]: level, [BOB]: level, [MOD]: 50 }), invite });
      const members = { [EVE]: current, [KIM]: vouching, [BOB]: vouching, [MOD]: 'join' };
      const state = roomState(version, { members, levels, joinRules: { join_rule: joinRule } });
      const content = present({ membership, join_authorised_via_users_server: authoriser });
      const signers = signed ? ['here', 'there'] : ['here'];
      return caseOf(version, state, { type: 'm.room.member', state_key: EVE, sender, content, signers });
    });
}

/** Rooms that their creator closed to other servers, or opened explicitly. */
function federation(version: RoomVersionId): fc.Arbitrary<Case> {
  return fc
    .record({
      federate: mostly<JsonValue | undefined>(anyOf(false, false, true, undefined), anyOf('false', 0, null)),
      sender: anyOf(BOB, KIM),
      target: anyOf(null, null, BOB, KIM, EVE),
      membership: anyOf('join', 'invite', 'leave'),
      joined: mostly(anyOf('join'), anyOf('leave')),
      kim: anyOf('join', 'leave'),
    })
    .map(({ federate, sender, target, membership, joined, kim }) => {
      const state = roomState(version, {
        create: present({ 'm.federate': federate }),
        members: { [BOB]: joined, [KIM]: kim },
        levels: { users: usersWithCreator(version, { [BOB]: 60, [KIM]: 50 }) },
        joinRules: { join_rule: 'public' },
      });
      const content: JsonObject = target === null ? { body: 'hello' } : { membership };
      const type = target === null ? 'm.room.message' : 'm.room.member';
      return caseOf(version, state, { type, state_key: target ?? undefined, sender, content });
    });
}

export const malformedMembers: Rule = { name: 'malformed member events', cases: malformed };
export const creatorsFirstJoin: Rule = { name: "the creator's first join", cases: firstJoin };
export const restrictedJoins: Rule = { name: 'restricted joins', cases: vouchedJoins };
export const federate: Rule = { name: 'm.federate', cases: federation };

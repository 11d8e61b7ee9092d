// Rule 5.4.1 and rule 7: third-party invites, and the member events that redeem them.
import * as fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/matrix/json.ts';
import type { StateEvent } from '../../../src/matrix/room-state.ts';
import type { RoomVersionId } from '../../../src/matrix/room-versions.ts';
import { signJson } from '../../../src/matrix/signatures.ts';
import { identityOf, server } from '../../support/rooms.ts';
import { caseOf, type Case } from '../cases.ts';
import {
  anyOf,
  BOB,
  EVE,
  KIM,
  levelNear,
  MEMBERSHIPS,
  MOD,
  mostly,
  present,
  roomState,
  stateEvent,
  usersWithCreator,
  type Rule,
} from './room.ts';

const TOKEN = 'token';
const GOOD = identityOf('id.example').key;
const OTHER = identityOf('elsewhere.example').key;

/** The public keys that the invite lists, by how it lists them. */
const KEYS: Readonly<Record<string, JsonObject>> = {
  alone: { public_key: GOOD.publicKeyBase64 },
  listed: { public_keys: [{ public_key: GOOD.publicKeyBase64 }] },
  second: { public_key: OTHER.publicKeyBase64, public_keys: [{ public_key: GOOD.publicKeyBase64 }] },
  wrong: { public_key: OTHER.publicKeyBase64 },
  none: {},
  empty: { public_keys: [] },
  mangled: { public_key: 'not a key' },
  mangledFirst: { public_key: 'not a key', public_keys: [{ public_key: GOOD.publicKeyBase64 }] },
  mangledSecond: { public_key: GOOD.publicKeyBase64, public_keys: ['not even an object'] },
};

const sign = (block: JsonObject, name: string, key = GOOD): JsonObject => signJson(block, server(name), key);

/** Ways to sign the block. */
const SIGNINGS: Readonly<Record<string, (block: JsonObject) => JsonObject>> = {
  good: (block) => sign(block, 'id.example'),
  goodAmongUnread: (block) => {
    const { signatures, ...rest } = sign(block, 'id.example');
    const all = signatures as JsonObject;
    return { ...rest, signatures: { ...all, 'id.example': { ...(all['id.example'] as JsonObject), 'rsa:1': 'c2ln' } } };
  },
  wrongKey: (block) => sign(block, 'id.example', OTHER),
  badThenGood: (block) => sign(sign(block, 'a.example', OTHER), 'id.example'),
  goodThenBad: (block) => sign(sign(block, 'id.example'), 'z.example', OTHER),
  altered: (block) => ({ ...sign(block, 'id.example'), altered: true }),
  otherAlgorithm: (block) => ({ ...block, signatures: { 'id.example': { 'rsa:1': 'c2ln' } } }),
  empty: (block) => ({ ...block, signatures: {} }),
  unsigned: (block) => block,
};

function redemptions(version: RoomVersionId): fc.Arbitrary<Case> {
  return fc
    .record({
      current: mostly(anyOf('none', 'leave', 'knock', 'invite', 'join'), anyOf('ban')),
      mxid: mostly<JsonValue | undefined>(anyOf(EVE), anyOf(BOB, undefined), 9),
      token: mostly<JsonValue | undefined>(anyOf(TOKEN), anyOf('spent', undefined), 9),
      inviter: mostly(anyOf(MOD), anyOf(BOB), 9),
      senderMembership: mostly(anyOf('join'), anyOf('leave', 'none')),
      shape: mostly(anyOf('signed'), anyOf('nothing signed', 'signed is text', 'text'), 12),
      keys: mostly(anyOf('alone', 'listed', 'second'), fc.constantFrom(...Object.keys(KEYS)), 3),
      signing: mostly(anyOf('good', 'goodAmongUnread'), fc.constantFrom(...Object.keys(SIGNINGS)), 2),
      signers: mostly<readonly string[]>(anyOf(['here']), anyOf([], ['id.example']), 3),
    })
    .map(({ current, mxid, token, inviter, senderMembership, shape, keys, signing, signers }) => {
      const levels = { users: usersWithCreator(version, { [MOD]: 50 }), invite: 50 };
      const members = { [MOD]: senderMembership, [EVE]: current };
      const room = roomState(version, { members, levels, joinRules: { join_rule: 'knock' } });
      const state = [...room, thirdPartyInvite(version, room[0]!, inviter, KEYS[keys]!)];
      const signed = SIGNINGS[signing]!(present({ mxid, token, sender: MOD }));
      const content = { membership: 'invite', third_party_invite: envelope(shape, signed) };
      return caseOf(version, state, { type: 'm.room.member', state_key: EVE, sender: MOD, content, signers });
    });
}

function thirdPartyInvite(version: RoomVersionId, create: StateEvent, sender: string, content: JsonObject): StateEvent {
  return stateEvent(version, create, { type: 'm.room.third_party_invite', state_key: TOKEN, sender, content });
}

function envelope(shape: 'signed' | 'nothing signed' | 'signed is text' | 'text', signed: JsonObject): JsonValue {
  switch (shape) {
    case 'signed':
      return { display_name: 'Eve', signed };
    case 'nothing signed':
      return { display_name: 'Eve' };
    case 'signed is text':
      return { display_name: 'Eve', signed: 'me' };
    case 'text':
      return 'Eve';
    default:
      return shape satisfies never;
  }
}

/** Sending the invite itself, which takes the power to invite and nothing else. */
function invitations(version: RoomVersionId): fc.Arbitrary<Case> {
  return fc
    .record({
      power: anyOf(0, 10, 50),
      membership: mostly(anyOf('join'), fc.constantFrom(...MEMBERSHIPS)),
      withLevels: mostly(anyOf(true), anyOf(false)),
      stateKey: anyOf(TOKEN, TOKEN, KIM, undefined),
      invite: anyOf(0, 10, 50, 51).chain((power) => fc.oneof(levelNear(version, power), fc.constant(undefined))),
      required: anyOf(undefined, { 'm.room.third_party_invite': 100 }),
    })
    .map(({ power, membership, withLevels, stateKey, invite, required }) => {
      const content = present({ users: usersWithCreator(version, { [BOB]: power }), invite, events: required });
      const state = roomState(version, { members: { [BOB]: membership }, levels: withLevels ? content : null });
      const event = { public_key: GOOD.publicKeyBase64, display_name: 'Eve' };
      return caseOf(version, state, {
        type: 'm.room.third_party_invite',
        state_key: stateKey,
        sender: BOB,
        content: event,
      });
    });
}

export const redeemedInvites: Rule = {
  name: 'redeemed third-party invites',
  cases: redemptions,
};
export const thirdPartyInvites: Rule = {
  name: 'third-party invites',
  cases: invitations,
};

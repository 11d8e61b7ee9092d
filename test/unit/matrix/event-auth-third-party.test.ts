// Invites that redeem a third-party invite, with real signatures of an identity server.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/matrix/json.ts';
import { signJson } from '../../../src/matrix/signatures.ts';
import { signingKeyFromSeed } from '../../../src/matrix/signing-keys.ts';
import { ALL_VERSIONS, CREATOR, makeRoom, server, user, type Outcome, type TestRoom } from '../../support/rooms.ts';

const kim = user('kim', 'there');
const bob = user('bob');
const identityServer = server('identity.example');
const keyOf = (name: string) => signingKeyFromSeed('0', createHash('sha256').update(name).digest());
const listedKey = keyOf('listed');
const otherKey = keyOf('other');

const signed = (fields: JsonObject = {}, key = listedKey): JsonObject =>
  signJson({ mxid: kim, token: 'token', ...fields }, identityServer, key);

/** A room in which Bob has issued a third-party invite with these keys. */
const room = (version: (typeof ALL_VERSIONS)[number], content: JsonObject): TestRoom => {
  const at = makeRoom(version, { members: [bob], joinRule: 'invite' });
  at.must({ type: 'm.room.third_party_invite', state_key: 'token', sender: bob, content });
  return at;
};
const singleKey = { public_key: listedKey.publicKeyBase64 };

const redeem = (at: TestRoom, thirdParty: unknown, sender = bob): Outcome =>
  at.judge(at.membership(sender, kim, 'invite', { third_party_invite: thirdParty as JsonObject }));

describe.each(ALL_VERSIONS)('in version %s a third-party invite', (version) => {
  test('is redeemed by the signature of its key, alone or in the list, in either alphabet', () => {
    expect(redeem(room(version, singleKey), { display_name: 'k…', signed: signed() })).toBe('allowed');
    const other = { public_key: otherKey.publicKeyBase64 };
    const listed = { ...other, public_keys: [other, 'text', {}, singleKey] };
    expect(redeem(room(version, listed), { signed: signed() })).toBe('allowed');
    const urlSafe = listedKey.publicKeyBase64.replaceAll('+', '-').replaceAll('/', '_');
    expect(redeem(room(version, { public_key: urlSafe }), { signed: signed() })).toBe('allowed');
  });

  test('does not depend on the power or the presence of its sender any more', () => {
    const at = room(version, singleKey);
    at.must(at.membership(bob, bob, 'leave'));
    expect(redeem(at, { signed: signed() })).toBe('allowed');
  });

  test('is refused with the signature of another key, an altered text, or none', () => {
    const at = room(version, singleKey);
    const rule = 'member.third_party_invite.signature';
    expect(redeem(at, { signed: signed({}, otherKey) })).toBe(rule);
    expect(redeem(at, { signed: { ...signed(), extra: 1 } })).toBe(rule);
    expect(redeem(at, { signed: { mxid: kim, token: 'token' } })).toBe(rule);
    expect(redeem(at, { signed: { mxid: kim, token: 'token', signatures: { a: { 'ed25519:0': 7 } } } })).toBe(rule);
    expect(redeem(room(version, { public_key: 'short' }), { signed: signed() })).toBe(rule);
    expect(redeem(room(version, {}), { signed: signed() })).toBe(rule);
    expect(redeem(room(version, { public_keys: 'text' }), { signed: signed() })).toBe(rule);
  });

  test('is for the user it is signed for, by who issued it, and not for the banned', () => {
    const at = room(version, singleKey);
    expect(redeem(at, { signed: signed({ mxid: bob }) })).toBe('member.third_party_invite.mxid');
    expect(redeem(at, { signed: signed() }, CREATOR)).toBe('member.third_party_invite.sender');
    expect(redeem(at, { signed: signed({ token: 'spent' }) })).toBe('member.third_party_invite.token');
    at.force(at.membership(CREATOR, kim, 'ban'));
    expect(redeem(at, { signed: signed() })).toBe('member.third_party_invite.banned');
  });

  test('is refused when malformed', () => {
    const at = room(version, singleKey);
    const malformed = [
      null,
      'text',
      [],
      {},
      { signed: 'text' },
      { signed: { mxid: kim } },
      { signed: { token: 'token' } },
    ];
    for (const thirdParty of malformed) expect(redeem(at, thirdParty)).toBe('member.third_party_invite.signed');
  });
});

// Signing and verifying: the specification's vectors, and which servers must have signed what.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/matrix/canonical-json.ts';
import { checkContentHash, contentHash, eventIdOf } from '../../../src/matrix/hashes.ts';
import type { JsonObject } from '../../../src/matrix/json.ts';
import type { EventTemplate, Pdu } from '../../../src/matrix/pdu.ts';
import { isRejection } from '../../../src/matrix/rejection.ts';
import { ROOM_VERSIONS } from '../../../src/matrix/room-versions.ts';
import {
  countersignEvent,
  requiredSigners,
  signEvent,
  signJson,
  verifyEvent,
  verifyJson,
  type KeyLookup,
} from '../../../src/matrix/signatures.ts';
import { signingKeyFromSeed } from '../../../src/matrix/signing-keys.ts';
import { ALL_VERSIONS, CREATOR, identityOf, makeRoom, server, user } from '../../support/rooms.ts';

interface Vectors {
  readonly seed: string;
  readonly serverName: string;
  readonly keyId: string;
  readonly json: readonly { given: JsonObject; signed: JsonObject }[];
  readonly events: readonly { given: JsonObject; signed: JsonObject }[];
}
const vectors: Vectors = JSON.parse(readFileSync(new URL('../../vectors/spec/signing.json', import.meta.url), 'utf8'));
const domain = server(vectors.serverName);
const specKey = signingKeyFromSeed('1', Buffer.from(vectors.seed, 'base64'));
const specIdentity = { serverName: domain, key: specKey, oldKeys: [] };

const kim = user('kim', 'there');
const keysOf = (...names: readonly string[]): KeyLookup => {
  const known = new Map(names.map((name) => [name, identityOf(name).key]));
  return (name, keyId) => (known.get(name)?.keyId === keyId ? known.get(name)!.publicKey : null);
};
const verdict = (pdu: Pdu, version: (typeof ALL_VERSIONS)[number], keys: KeyLookup): string => {
  const result = verifyEvent(pdu, ROOM_VERSIONS[version], keys);
  return isRejection(result) ? result.rule : 'verified';
};

describe("the specification's vectors", () => {
  test.each(vectors.json)('JSON is signed to the same signature: $given', ({ given, signed }) => {
    const ours = signJson(given, domain, specKey);
    expect(canonicalJson(ours)).toBe(canonicalJson(signed));
    expect(verifyJson(ours, domain, vectors.keyId, specKey.publicKey)).toBe(true);
  });

  test.each(vectors.events)('an event gets the same hash and signature: $given.type', ({ given, signed }) => {
    const ours = signEvent(given as EventTemplate, ROOM_VERSIONS['7'], specIdentity);
    expect(canonicalJson(ours)).toBe(canonicalJson(signed));
    expect(checkContentHash(signed as Pdu)).toBe(true);
  });
});

describe('a signed object', () => {
  const object = fc.dictionary(
    fc.string({ unit: 'binary' }),
    fc.oneof(fc.string(), fc.maxSafeInteger(), fc.constant(null)),
  );

  test('verifies, also after its unsigned part changed and others signed too', () => {
    fc.assert(
      fc.property(object, (given) => {
        const { key, serverName } = identityOf('here');
        const signed = signJson(signJson(given, serverName, key), server('there'), identityOf('there').key);
        const changed = { ...signed, unsigned: { age: 5 } };
        expect(verifyJson(changed, 'here', key.keyId, key.publicKey)).toBe(true);
        expect(verifyJson(changed, 'there', key.keyId, identityOf('there').key.publicKey)).toBe(true);
        expect(verifyJson({ ...changed, 'org.example.more': 1 }, 'here', key.keyId, key.publicKey)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('does not verify by another server, another key id, another key, or a mangled signature', () => {
    const { key, serverName } = identityOf('here');
    const signed = signJson({ a: 1 }, serverName, key);
    expect(verifyJson(signed, 'there', key.keyId, key.publicKey)).toBe(false);
    expect(verifyJson(signed, 'here', 'ed25519:other', key.publicKey)).toBe(false);
    expect(verifyJson(signed, 'here', key.keyId, specKey.publicKey)).toBe(false);
    for (const signature of ['', 'AAAA', '?', 7, null, 'A'.repeat(86)]) {
      const mangled = { a: 1, signatures: { here: { [key.keyId]: signature } } };
      expect(verifyJson(mangled, 'here', key.keyId, key.publicKey)).toBe(false);
    }
    for (const signatures of ['text', [], null, { here: 'text' }, { here: [] }]) {
      expect(verifyJson({ a: 1, signatures }, 'here', key.keyId, key.publicKey)).toBe(false);
    }
  });

  test('of a server called __proto__ is nobody else', () => {
    const signed = signJson({ a: 1 }, '__proto__' as ReturnType<typeof server>, specKey);
    expect(verifyJson(signed, '__proto__', specKey.keyId, specKey.publicKey)).toBe(true);
    expect(verifyJson(signed, 'constructor', specKey.keyId, specKey.publicKey)).toBe(false);
  });
});

describe.each(ALL_VERSIONS)('in version %s', (version) => {
  const at = makeRoom(version);
  const knock = at.build(at.membership(kim, kim, 'knock', { reason: 'please' }));

  test("an event needs its sender's server's signature", () => {
    expect(verdict(knock, version, keysOf('there'))).toBe('verified');
    expect(verdict(knock, version, keysOf('here'))).toBe('signature.missing');
    expect(verdict({ ...knock, signatures: {} }, version, keysOf('there'))).toBe('signature.missing');
    const moved = { ...knock, sender: CREATOR };
    expect(verdict(moved, version, keysOf('here', 'there'))).toBe('signature.missing');
  });

  test('what redaction keeps cannot be altered, and altered words show in the hash', () => {
    expect(verdict({ ...knock, depth: 99 }, version, keysOf('there'))).toBe('signature.invalid');
    const reworded = { ...knock, content: { membership: 'knock', reason: 'other words' } };
    expect(verdict(reworded, version, keysOf('there'))).toBe('verified');
    expect(checkContentHash(reworded)).toBe(false);
    expect(eventIdOf(reworded, at.version)).toBe(eventIdOf(knock, at.version));
    expect(checkContentHash({ ...knock, hashes: { sha256: `${knock.hashes.sha256}=` } })).toBe(true);
    expect(checkContentHash({ ...knock, hashes: { sha256: '?' } })).toBe(false);
  });

  test('one good signature is enough beside unknown and mangled ones; a bad one alone is named', () => {
    const { signatures } = knock;
    const there = signatures['there'] as JsonObject;
    const beside = { 'ed25519:unknown': 'AAAA', 'rsa:1': 'AAAA', 'ed25519:mangled': 7 };
    expect(verdict({ ...knock, signatures: { there: { ...beside, ...there } } }, version, keysOf('there'))).toBe(
      'verified',
    );
    const bad = { ...knock, signatures: { there: { 'ed25519:test': 'AAAA' } } };
    expect(verdict(bad, version, keysOf('there'))).toBe('signature.invalid');
  });

  test('a further signature changes neither id nor hash, and the first stays good', () => {
    const both = countersignEvent(knock, at.version, identityOf('here'));
    expect(eventIdOf(both, at.version)).toBe(eventIdOf(knock, at.version));
    expect(contentHash(both)).toBe(contentHash(knock));
    expect(Object.keys(both.signatures).sort()).toEqual(['here', 'there']);
    expect(verdict(both, version, keysOf('there'))).toBe('verified');
  });

  test('an event that names who vouched for it needs that server too, where restricted joins are known', () => {
    const vouched = at.build(at.membership(kim, kim, 'join', { join_authorised_via_users_server: CREATOR }));
    const complete = countersignEvent(vouched, at.version, identityOf('here'));
    expect(verdict(complete, version, keysOf('here', 'there'))).toBe('verified');
    const known = version !== '7';
    expect(requiredSigners(vouched, at.version)).toEqual(known ? ['there', 'here'] : ['there']);
    expect(verdict(vouched, version, keysOf('here', 'there'))).toBe(known ? 'signature.missing' : 'verified');
  });

  test("an invite that redeems a third-party invite may lack its sender's signature, no other event may", () => {
    const content = { third_party_invite: { signed: {} } };
    const invite = at.build(at.membership(CREATOR, kim, 'invite', content));
    expect(verdict({ ...invite, signatures: {} }, version, keysOf())).toBe('verified');
    const join = at.build(at.membership(kim, kim, 'join', content));
    expect(verdict({ ...join, signatures: {} }, version, keysOf())).toBe('signature.missing');
  });
});

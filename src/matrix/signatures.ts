// Signing and verifying, of JSON objects and of events: nothing else makes a SignedPdu.
import { sign, verify, type KeyObject } from 'node:crypto';
import { fromBase64, toBase64 } from './base64.ts';
import { canonicalJson } from './canonical-json.ts';
import { contentHash, referenceForm } from './hashes.ts';
import { isUserId, serverOf, type ServerName } from './identifiers.ts';
import { isJsonObject, jsonObject, type JsonObject, type JsonValue } from './json.ts';
import { membershipOf, type EventTemplate, type Pdu, type PduFields, type SignedPdu } from './pdu.ts';
import { reject, type Rejection } from './rejection.ts';
import type { RoomVersion } from './room-versions.ts';
import type { SigningKey } from './signing-keys.ts';

export interface ServerIdentity {
  readonly serverName: ServerName;
  readonly key: SigningKey;
  readonly oldKeys: readonly OldKey[];
}

/** A key that signs nothing more. */
export interface OldKey {
  readonly keyId: string;
  readonly publicKey: KeyObject;
  readonly publicKeyBase64: string;
  /** Milliseconds: when it was replaced. */
  readonly expiredTs: number;
}

/** The verify key of a server that counts for the event at hand, or null when it is unknown or had expired. */
export type KeyLookup = (server: ServerName, keyId: string) => KeyObject | null;

/**
 * The object with a signature added under `signatures[serverName][keyId]`, over its canonical form without `signatures`
 * and `unsigned` (appendices, Signing JSON). Signatures already there are kept.
 */
export function signJson(object: JsonObject, serverName: ServerName, key: SigningKey): JsonObject {
  const signature = signText(signedForm(object), key);
  return jsonObject({ ...object, signatures: addSignature(object['signatures'], serverName, key.keyId, signature) });
}

/** Whether the object carries a good signature by this server with this key (appendices, Checking for a Signature). */
export function verifyJson(object: JsonObject, serverName: string, keyId: string, publicKey: KeyObject): boolean {
  const signature = signaturesBy(object, serverName)[keyId];
  return typeof signature === 'string' && verifyText(signedForm(object), signature, publicKey);
}

/** Hashes and signs an event of ours: adds `hashes`, then our signature over the redacted form. */
export function signEvent(template: EventTemplate, version: RoomVersion, identity: ServerIdentity): SignedPdu {
  const hashed: PduFields = { ...template, hashes: { sha256: contentHash(template) } };
  return addOurSignature(hashed, version, identity) as SignedPdu;
}

/**
 * An event that others signed with our signature added, its hashes and id unchanged: an invite to one of our users, or a
 * join that one of our users vouches for, which is only complete, and verifies, with it.
 */
export function countersignEvent<P extends Pdu>(pdu: P, version: RoomVersion, identity: ServerIdentity): P {
  return addOurSignature(pdu, version, identity);
}

/**
 * Verifies the signatures an event must have: its sender's server's, and where a user vouched for a restricted join that
 * user's server's. One good signature a server is enough; keys that `keys` does not know are passed over.
 */
export function verifyEvent(
  pdu: Pdu,
  version: RoomVersion,
  keys: KeyLookup,
  besides: readonly ServerName[] = [],
): SignedPdu | Rejection {
  const form = referenceForm(pdu, version);
  for (const server of [...requiredSigners(pdu, version), ...besides]) {
    const verdict = verifySigner(pdu, form, server, keys);
    if (verdict !== null) return verdict;
  }
  return pdu as SignedPdu;
}

/** The servers that must have signed an event (server-server API, Validating hashes and signatures on received events). */
export function requiredSigners(pdu: PduFields, version: RoomVersion): readonly ServerName[] {
  const signers = new Set<ServerName>();
  // The server of the sender, unless the invite is a result of a third-party invite, which its own signed block proves.
  if (membershipOf(pdu) !== 'invite' || !Object.hasOwn(pdu.content, 'third_party_invite'))
    signers.add(serverOf(pdu.sender));
  // Since v8, any member event that names who authorised it must be signed by that user's server.
  const authoriser = authoriserOf(pdu, version);
  if (isUserId(authoriser)) signers.add(serverOf(authoriser));
  return [...signers];
}

/** The user a member event names as having let its target in, where the room version knows restricted joins. */
export function authoriserOf(pdu: Pick<PduFields, 'type' | 'content'>, version: RoomVersion): JsonValue | undefined {
  if (pdu.type !== 'm.room.member' || version.restrictedJoinRules.length === 0) return undefined;
  const key = 'join_authorised_via_users_server';
  return Object.hasOwn(pdu.content, key) ? pdu.content[key] : undefined;
}

/** The signatures an object carries by one server, by key id. */
export function signaturesBy(object: { readonly [key: string]: JsonValue }, serverName: string): JsonObject {
  const signatures = object['signatures'];
  const all = isJsonObject(signatures) && Object.hasOwn(signatures, serverName) ? signatures[serverName] : undefined;
  return jsonObject(isJsonObject(all) ? all : {});
}

/** Whether `signature` (base64) is this key's signature of the text. */
export function verifyText(text: string, signature: string, publicKey: KeyObject): boolean {
  const bytes = fromBase64(signature);
  return bytes !== null && verify(null, Buffer.from(text), publicKey, bytes);
}

function verifySigner(pdu: Pdu, form: string, server: ServerName, keys: KeyLookup): Rejection | null {
  let tried = false;
  for (const [keyId, signature] of Object.entries(signaturesBy(pdu, server))) {
    if (!keyId.startsWith('ed25519:') || typeof signature !== 'string') continue;
    const key = keys(server, keyId);
    if (key === null) continue;
    if (verifyText(form, signature, key)) return null;
    tried = true;
  }
  return tried
    ? reject('signature.invalid', `The signature of ${server} does not match the event.`)
    : reject('signature.missing', `The event has no signature of ${server} with a known key.`);
}

function addOurSignature<P extends PduFields>(pdu: P, version: RoomVersion, identity: ServerIdentity): P {
  const signature = signText(referenceForm(pdu, version), identity.key);
  const signatures = addSignature(pdu['signatures'], identity.serverName, identity.key.keyId, signature);
  return jsonObject({ ...pdu, signatures }) as P;
}

function addSignature(
  signatures: JsonValue | undefined,
  serverName: string,
  keyId: string,
  signature: string,
): JsonObject {
  const ours = jsonObject({
    ...signaturesBy(signatures === undefined ? {} : { signatures }, serverName),
    [keyId]: signature,
  });
  return jsonObject({ ...(isJsonObject(signatures) ? signatures : {}), [serverName]: ours });
}

function signedForm(object: JsonObject): string {
  const { signatures: _signatures, unsigned: _unsigned, ...rest } = object;
  return canonicalJson(rest);
}

/** This key's signature of the text, in base64. */
export function signText(text: string, key: SigningKey): string {
  return toBase64(sign(null, Buffer.from(text), key.privateKey));
}

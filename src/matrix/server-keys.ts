// Keys as servers publish them, and for which events a key counts (server-server API, Retrieving server keys).
import type { KeyObject } from 'node:crypto';
import type { ServerName } from './identifiers.ts';
import { isJsonObject, jsonObject, type JsonObject, type JsonValue } from './json.ts';
import { objectIn, stringIn } from './pdu.ts';
import { signJson, verifyJson, type ServerIdentity } from './signatures.ts';
import { publicKeyFromBase64 } from './signing-keys.ts';

/** A verify key with the time for which its server vouches. */
export interface VerifyKey {
  readonly keyId: string;
  readonly publicKey: KeyObject;
  /** Milliseconds; null: an old key. */
  readonly validUntilTs: number | null;
  /** Milliseconds: an old key counts for events from before. Null: it is no old key. */
  readonly expiredTs: number | null;
  /** When the server told of it. */
  readonly fetchedAt: number;
}

/** A server's keys by their ids, whether or not they count any more. */
export type KeyRing = ReadonlyMap<string, VerifyKey>;

const KEY_ID = /^ed25519:[a-zA-Z0-9_]{1,240}$/;
/** Who publishes more is not believed at all. */
const MAX_VERIFY_KEYS = 20;
const MAX_OLD_KEYS = 100;
/** No server is believed for longer, however long it says that its keys are valid. */
const LONGEST_VALIDITY_MS = 7 * 86_400_000;

/** Our key object for the public, signed with the key in use (server-server API, GET /_matrix/key/v2/server). */
export function publishedKeys(identity: ServerIdentity, validUntilTs: number): JsonObject {
  const { serverName, key, oldKeys } = identity;
  const old = oldKeys.map(({ keyId, publicKeyBase64, expiredTs }) => [
    keyId,
    { key: publicKeyBase64, expired_ts: expiredTs },
  ]);
  const object = jsonObject({
    server_name: serverName,
    verify_keys: { [key.keyId]: { key: key.publicKeyBase64 } },
    old_verify_keys: Object.fromEntries(old) as JsonObject,
    valid_until_ts: validUntilTs,
  });
  return signJson(object, serverName, key);
}

/**
 * The keys in what a server published about itself at `fetchedAt`. A verify key counts when it signed the object; when
 * none did, or the object is another server's or not of its form, it says why in words.
 */
export function readPublishedKeys(
  object: JsonObject,
  server: ServerName,
  fetchedAt: number,
): readonly VerifyKey[] | string {
  if (stringIn(object, 'server_name') !== server) return 'The keys are those of another server.';
  const validUntilTs = object['valid_until_ts'];
  if (!isTimestamp(validUntilTs)) return 'The keys have no valid_until_ts.';
  const current = Object.entries(objectIn(object, 'verify_keys') ?? {});
  const old = Object.entries(objectIn(object, 'old_verify_keys') ?? {});
  if (current.length > MAX_VERIFY_KEYS || old.length > MAX_OLD_KEYS) return 'There are too many keys.';
  const verifyKeys = current.flatMap(([keyId, entry]) => {
    const publicKey = readKey(keyId, entry);
    if (publicKey === null || !verifyJson(object, server, keyId, publicKey)) return [];
    return [{ keyId, publicKey, validUntilTs, expiredTs: null, fetchedAt }];
  });
  if (verifyKeys.length === 0) return 'The keys are signed by none of them.';
  const isCurrent = new Set(verifyKeys.map(({ keyId }) => keyId));
  const oldKeys = old.flatMap(([keyId, entry]) => {
    const publicKey = isCurrent.has(keyId) ? null : readKey(keyId, entry);
    const expiredTs = isJsonObject(entry) ? entry['expired_ts'] : undefined;
    if (publicKey === null || !isTimestamp(expiredTs)) return [];
    return [{ keyId, publicKey, validUntilTs: null, expiredTs, fetchedAt }];
  });
  return [...verifyKeys, ...oldKeys];
}

/** Whether what the key signed counts for an event of this time (room version 5 and later, Signing key validity period). */
export function countsForEvent({ validUntilTs, expiredTs, fetchedAt }: VerifyKey, originServerTs: number): boolean {
  if (validUntilTs === null) return expiredTs !== null && expiredTs >= originServerTs;
  return Math.min(validUntilTs, fetchedAt + LONGEST_VALIDITY_MS) >= originServerTs;
}

/** Whether the key may sign requests now: an old one may not, whatever it once signed. */
export function countsForRequest(key: VerifyKey, now: number): boolean {
  return key.validUntilTs !== null && countsForEvent(key, now);
}

/** A key of ours, the present or an old one: whatever it signed was signed here. */
export function ownKey({ key, oldKeys }: ServerIdentity, keyId: string): KeyObject | null {
  return keyId === key.keyId ? key.publicKey : (oldKeys.find((old) => old.keyId === keyId)?.publicKey ?? null);
}

function readKey(keyId: string, entry: JsonValue): KeyObject | null {
  const base64 = isJsonObject(entry) ? stringIn(entry, 'key') : null;
  if (base64 === null || !KEY_ID.test(keyId)) return null;
  try {
    return publicKeyFromBase64(base64);
  } catch {
    return null;
  }
}

function isTimestamp(value: JsonValue | undefined): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

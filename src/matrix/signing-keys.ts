// Ed25519 keys: ours in the key file's format, other servers' from unpadded base64.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { fromBase64, toBase64 } from './base64.ts';

export interface SigningKey {
  /** `ed25519:` and the version. */
  readonly keyId: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly publicKeyBase64: string;
}

/** What stands before the 32 raw bytes of an Ed25519 key in its DER forms, PKCS #8 and SubjectPublicKeyInfo. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;
const KEY_VERSION = /^[a-zA-Z0-9_]+$/;

/**
 * The key of a version (`[a-zA-Z0-9_]+`) made from its 32-byte seed. Throws an Error for another version or length.
 */
export function signingKeyFromSeed(version: string, seed: Uint8Array): SigningKey {
  // What was given is not repeated: in a file with its fields mixed up it is the seed.
  if (!KEY_VERSION.test(version)) throw new Error('A key version is made of letters, digits and _ only.');
  if (seed.length !== KEY_BYTES) throw new Error(`A seed has ${KEY_BYTES} bytes, not ${seed.length}.`);
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(privateKey);
  return { keyId: `ed25519:${version}`, privateKey, publicKey, publicKeyBase64: toBase64(rawPublicKey(publicKey)) };
}

/** A new key; the seed comes from a cryptographic random source. */
export function generateSigningKey(version: string, seed: Uint8Array): SigningKey {
  return signingKeyFromSeed(version, seed);
}

/** A verify key from its base64 form, padded or not. Throws an Error when it is not 32 bytes. */
export function publicKeyFromBase64(base64: string): KeyObject {
  const raw = fromBase64(base64);
  if (raw?.length !== KEY_BYTES) throw new Error(`A verify key is ${KEY_BYTES} bytes of base64.`);
  return publicKeyFromBytes(raw);
}

/** A verify key from its 32 bytes. */
export function publicKeyFromBytes(raw: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
}

/** The 32 bytes of a verify key. */
export function rawPublicKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
}

/**
 * Reads a key file: lines of `ed25519 <version> <base64 seed>`, the first the key in use, the others old ones, so that a
 * file written by another homeserver can be taken over. Throws an Error that names a bad line by its number.
 */
export function parseSigningKeyFile(text: string): readonly [SigningKey, ...SigningKey[]] {
  const keys = text
    .split('\n')
    .map((line, at) => ({ line: line.trim(), number: at + 1 }))
    .filter(({ line }) => line !== '')
    .map(({ line, number }) => parseKeyLine(line, number));
  const [first, ...others] = keys;
  if (first === undefined) throw new Error('The key file holds no key.');
  return [first, ...others];
}

/** The text of a key file: `parseSigningKeyFile` reads it back. */
export function formatSigningKeyFile(keys: readonly SigningKey[]): string {
  return keys.map((key) => `ed25519 ${key.keyId.slice('ed25519:'.length)} ${toBase64(seedOf(key))}\n`).join('');
}

function parseKeyLine(line: string, number: number): SigningKey {
  const [algorithm, version, base64, ...rest] = line.split(/\s+/);
  const seed = base64 === undefined ? null : fromBase64(base64);
  if (algorithm !== 'ed25519' || version === undefined || seed === null || rest.length > 0) {
    throw new Error(`Line ${number} of the key file is not "ed25519 <version> <base64 seed>".`);
  }
  return signingKeyFromSeed(version, seed);
}

function seedOf(key: SigningKey): Buffer {
  return key.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8_PREFIX.length);
}

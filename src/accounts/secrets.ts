/** Random secrets, and the hashes under which they are stored. */
import { hash, randomBytes } from 'node:crypto';

/** A secret of 256 bits with a prefix that tells people and scanners what it is. */
export function newSecret(prefix: string): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`;
}

/** 32 bytes to make a signing key of. */
export function newSeed(): Buffer {
  return randomBytes(32);
}

/** From 0 to 1, without 1. */
export function randomFraction(): number {
  return randomBytes(4).readUInt32BE() / 2 ** 32;
}

/** Letters and digits, unguessable. */
export function randomId(length: number): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
  let text = '';
  while (text.length < length) {
    // 248 is the largest multiple of 62 in a byte: what is above would favour some letters.
    for (const byte of randomBytes(length)) if (byte < 248 && text.length < length) text += letters[byte % 62];
  }
  return text;
}

/** SHA-256. Enough for secrets that are long and random; passwords go through argon2. */
export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

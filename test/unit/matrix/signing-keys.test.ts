// Keys: from a seed, from base64, from and to the key file.
import { describe, expect, test } from 'vitest';
import {
  formatSigningKeyFile,
  parseSigningKeyFile,
  publicKeyFromBase64,
  signingKeyFromSeed,
} from '../../../src/matrix/signing-keys.ts';

// RFC 8032, 7.1, test 1.
const SEED = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
const PUBLIC = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');

test('the public key of a seed is the one of RFC 8032', () => {
  const key = signingKeyFromSeed('a_1', SEED);
  expect(key.keyId).toBe('ed25519:a_1');
  expect(key.publicKeyBase64).toBe(PUBLIC.toString('base64').replace(/=+$/, ''));
  expect(publicKeyFromBase64(key.publicKeyBase64).equals(key.publicKey)).toBe(true);
  expect(publicKeyFromBase64(PUBLIC.toString('base64')).equals(key.publicKey)).toBe(true);
});

test('keys of another length, versions with other characters and other texts are refused', () => {
  expect(() => signingKeyFromSeed('a-b', SEED)).toThrow('key version');
  expect(() => signingKeyFromSeed('', SEED)).toThrow('key version');
  expect(() => signingKeyFromSeed('a', SEED.subarray(1))).toThrow('32 bytes');
  for (const text of ['', 'AAAA', '?', 'A'.repeat(44)]) expect(() => publicKeyFromBase64(text)).toThrow('32 bytes');
});

describe('a key file', () => {
  const line = `ed25519 a_1 ${SEED.toString('base64').replace(/=+$/, '')}\n`;

  test('is read as other homeservers write it: the first key is in use, the rest are old', () => {
    const keys = parseSigningKeyFile(`${line}\n  ed25519 old ${Buffer.alloc(32, 1).toString('base64')}  \r\n`);
    expect(keys.map(({ keyId }) => keyId)).toEqual(['ed25519:a_1', 'ed25519:old']);
    expect(keys[0].publicKeyBase64).toBe(PUBLIC.toString('base64').replace(/=+$/, ''));
  });

  test('comes back from what was written', () => {
    expect(formatSigningKeyFile(parseSigningKeyFile(line))).toBe(line);
  });

  test('without a key, or with a line that is none, is refused with the number of the line but not its words', () => {
    expect(() => parseSigningKeyFile('\n')).toThrow('no key');
    for (const bad of ['rsa 1 AAAA', 'ed25519 1', 'ed25519 1 ???', `${line.trim()} more`]) {
      expect(() => parseSigningKeyFile(`${line}${bad}\n`)).toThrow('Line 2');
    }
  });
});

test('a key file with its fields mixed up is refused without repeating the seed', () => {
  const seed = '+secret/seed+secret/seed+secret/seed+secret/s';
  const told = (): string => {
    try {
      return `read ${parseSigningKeyFile(`ed25519 ${seed} ${'A'.repeat(43)}\n`).length}`;
    } catch (error) {
      return String(error);
    }
  };
  expect(told()).toContain('key version');
  expect(told()).not.toContain('secret');
});

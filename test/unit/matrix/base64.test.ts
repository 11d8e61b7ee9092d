// Unpadded base64, out and in.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBase64, toBase64 } from '../../../src/matrix/base64.ts';

test("the specification's examples", () => {
  const examples = { '': '', f: 'Zg', fo: 'Zm8', foo: 'Zm9v', foob: 'Zm9vYg', fooba: 'Zm9vYmE', foobar: 'Zm9vYmFy' };
  for (const [text, base64] of Object.entries(examples)) expect(toBase64(Buffer.from(text))).toBe(base64);
});

test('bytes come back from either alphabet, with padding and without', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const written = toBase64(bytes);
      const padded = Buffer.from(bytes).toString('base64');
      const urlSafe = Buffer.from(bytes).toString('base64url');
      for (const text of [written, padded, urlSafe]) expect(fromBase64(text)).toEqual(Buffer.from(bytes));
    }),
  );
});

test('what is not base64 is refused instead of read in part', () => {
  for (const text of ['Zg===', 'Z', 'Zm9vY', 'Zm 9v', 'Zm9v\n', '=', 'Zg=Zg', 'é']) expect(fromBase64(text)).toBeNull();
});

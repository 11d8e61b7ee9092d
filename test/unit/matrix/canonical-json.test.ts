// The canonical form: the specification's examples, and properties that hash and signature depend on.
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, compareCodePoints } from '../../../src/matrix/canonical-json.ts';
import { parseJson, type JsonValue } from '../../../src/matrix/json.ts';

const examples: readonly { input: string; canonical: string }[] = JSON.parse(
  readFileSync(new URL('../../vectors/spec/canonical-json.json', import.meta.url), 'utf8'),
);

describe("the specification's examples", () => {
  test('there are ten', () => expect(examples).toHaveLength(10));
  test.each(examples)('$canonical', ({ input, canonical }) => {
    // The last example has -0 and 1e10: what they are worth is canonical, but received JSON must not be written so.
    expect(canonicalJson(parseJson(input, { numbers: 'any' }))).toBe(canonical);
  });
});

describe('58: keys are ordered by code point', () => {
  test('an astral key comes after U+E000 to U+FFFF, where UTF-16 units would put it before', () => {
    const astral = '\u{1f600}';
    const text = canonicalJson({ [astral]: 1, '\uffff': 2, '\ue000': 3, '\ud7ff': 4, z: 5 });
    expect(text).toBe(`{"z":5,"\ud7ff":4,"\ue000":3,"\uffff":2,"${astral}":1}`);
  });

  test('integer-like keys are ordered as text and __proto__ is a key', () => {
    expect(canonicalJson(parseJson('{"9":1,"10":2,"__proto__":3,"constructor":4,"A":5}'))).toBe(
      '{"10":2,"9":1,"A":5,"__proto__":3,"constructor":4}',
    );
  });

  test('the order is that of the UTF-8 bytes', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(text, text, (left, right) => {
        const bytes = Buffer.compare(Buffer.from(left), Buffer.from(right));
        expect(Math.sign(compareCodePoints(left, right))).toBe(bytes);
      }),
    );
  });
});

describe('what has no canonical form is refused', () => {
  const refused: readonly (readonly [string, JsonValue])[] = [
    ['a fraction', 0.5],
    ['2^53', 2 ** 53],
    ['-2^53', -(2 ** 53)],
    ['NaN', Number.NaN],
    ['infinity', Infinity],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
  ];
  test.each(refused)('%s', (_name, value) => {
    expect(() => canonicalJson({ content: [value] })).toThrow(expect.objectContaining({ errcode: 'M_BAD_JSON' }));
  });

  test('endless nesting', () => {
    let value: JsonValue = 1;
    for (let depth = 0; depth < 10_000; depth += 1) value = [value];
    expect(() => canonicalJson(value)).toThrow(expect.objectContaining({ errcode: 'M_BAD_JSON' }));
  });
});

test('58: only control characters, quotes and backslashes are escaped, in their shortest spelling; U+2028 is not', () => {
  expect(canonicalJson('\0\x01\x1f\b\t\n\f\r"\\/\x7f\u2028é😀')).toBe(
    '"\\u0000\\u0001\\u001f\\b\\t\\n\\f\\r\\"\\\\/\x7f\u2028é😀"',
  );
});

const jsonValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'binary' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'binary' }), tie('value'), { maxKeys: 6 }),
  ),
})).value;

const shuffled = (value: JsonValue): JsonValue => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, shuffled(inner)]),
  );
};

test('the form does not depend on the order of keys, and parsing and writing it again changes nothing', () => {
  fc.assert(
    fc.property(jsonValue, (value) => {
      const text = canonicalJson(value);
      expect(canonicalJson(shuffled(value))).toBe(text);
      expect(canonicalJson(parseJson(text))).toBe(text);
    }),
  );
});

/** Long answers are read piece by piece, as the parser reads them whole, and one bad element spoils itself alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MatrixError } from '../../../src/matrix/errors.ts';
import { MAX_PIECE_BYTES, MAX_PIECES, parseInPieces } from '../../../src/matrix/json-pieces.ts';
import { parseJsonObject, type JsonValue } from '../../../src/matrix/json.ts';

function read(text: string | Uint8Array): JsonValue {
  const pieces = parseInPieces(typeof text === 'string' ? Buffer.from(text) : text);
  for (;;) {
    const step = pieces.next();
    if (step.done === true) return step.value;
  }
}

function refusal(text: string | Uint8Array): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof MatrixError) return error.errcode;
    throw error;
  }
  return 'read';
}

describe('an answer in pieces', () => {
  it('is what the parser makes of it as a whole', () => {
    const values = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.integer(),
        fc.string({ unit: 'grapheme' }),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('value')),
        fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value')),
      ),
    })).value;
    const objects = fc.dictionary(fc.string({ unit: 'grapheme' }), values);
    fc.assert(
      fc.property(objects, fc.constantFrom(undefined, 1, '\t'), (object, indent) => {
        const text = JSON.stringify(object, null, indent);
        expect(read(text)).toEqual(parseJsonObject(text));
      }),
    );
  });

  it('keeps keys like __proto__ as plain data', () => {
    const object = read('{"__proto__": [{"__proto__": {"x": 1}}], "constructor": 1}');
    expect(Object.keys(object as object)).toEqual(['__proto__', 'constructor']);
    expect(({} as { x?: number }).x).toBeUndefined();
  });

  it.each([
    ['a fraction', '{"depth": 1.0}'],
    ['an exponent', '{"depth": 1e3}'],
    ['a negative zero', '{"depth": -0}'],
    ['a key twice', '{"a": 1, "a": 2}'],
    ['a lone surrogate', '{"a": "\\ud800"}'],
    ['nesting beyond the limit', `${'['.repeat(101)}${']'.repeat(101)}`],
    ['no value', '{"a": }'],
    ['a stray colon', '{"a"}'],
  ])('with an element that has %s has null in its place, and its neighbours as they are', (_what, element) => {
    expect(read(`{"pdus": [{"n": 1}, ${element}, {"n": 2}]}`)).toEqual({ pdus: [{ n: 1 }, null, { n: 2 }] });
  });

  it('with an element that is no UTF-8 has null in its place', () => {
    const bytes = Buffer.concat([Buffer.from('{"pdus": ["'), Buffer.from([0xff]), Buffer.from('", 2]}')]);
    expect(read(bytes)).toEqual({ pdus: [null, 2] });
  });

  it.each([
    ['', 'M_NOT_JSON'],
    ['[]', 'M_BAD_JSON'],
    ['1', 'M_BAD_JSON'],
    ['nonsense', 'M_NOT_JSON'],
    ['{', 'M_NOT_JSON'],
    ['{"a"', 'M_NOT_JSON'],
    ['{"a":', 'M_NOT_JSON'],
    ['{"a": 1', 'M_NOT_JSON'],
    ['{"a": 1,}', 'M_NOT_JSON'],
    ['{"a": [1,]}', 'read'],
    ['{"a": [1', 'M_NOT_JSON'],
    ['{"a": [{"b": [1}]}]}', 'M_NOT_JSON'],
    ['{"a": "b', 'M_NOT_JSON'],
    ['{"a": ["b', 'M_NOT_JSON'],
    ['{"a": 1.5}', 'M_BAD_JSON'],
    ['{"a": {"b": 1, "b": 1}}', 'M_NOT_JSON'],
    ['{"a": 1, "a": 1}', 'M_NOT_JSON'],
    ['{"a": 1} {}', 'M_NOT_JSON'],
    ['{"a" 1}', 'M_NOT_JSON'],
    ['{a: 1}', 'M_NOT_JSON'],
    ['{"a": 1 "b": 2}', 'M_NOT_JSON'],
    ['{"a": [1 2]}', 'read'],
    ['{"a": [1: 2]}', 'M_NOT_JSON'],
  ])('of %j is %s', (text, expected) => {
    expect(refusal(text)).toBe(expected);
  });

  it('has no element or member that is too large, and not too many', () => {
    const long = `"${'x'.repeat(MAX_PIECE_BYTES)}"`;
    expect(refusal(`{"a": ${long}}`)).toBe('M_TOO_LARGE');
    expect(refusal(`{"a": [${long}]}`)).toBe('M_TOO_LARGE');
    expect(refusal(`{"a": [${'0,'.repeat(MAX_PIECES)}0]}`)).toBe('M_TOO_LARGE');
    expect(refusal(`{"a": [${'['.repeat(MAX_PIECE_BYTES + 10)}`)).toBe('M_TOO_LARGE');
  });

  it('tells how far it has come after every element', () => {
    const text = '{"a": [1, 22], "b": 3}';
    expect([...parseInPieces(Buffer.from(text))]).toEqual([8, 12, 13, 21]);
  });
});

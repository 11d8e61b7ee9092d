// What the parser takes, what it refuses and by which error code.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MatrixError, type Errcode } from '../../../src/matrix/errors.ts';
import { jsonObject, parseJson, parseJsonObject } from '../../../src/matrix/json.ts';

const errcodeOf = (parse: () => unknown): Errcode | 'parsed' => {
  try {
    parse();
    return 'parsed';
  } catch (error) {
    if (error instanceof MatrixError) return error.errcode;
    throw error;
  }
};

describe('58: numbers that canonical JSON cannot carry are seen as they were written', () => {
  const refused = ['1.0', '1e3', '1E3', '1e-1', '-0', '-0.0', '0.5', '9007199254740992', '-9007199254740992', '1e400'];
  test.each(refused)('%s is M_BAD_JSON, at the top and inside', (token) => {
    expect(errcodeOf(() => parseJson(token))).toBe('M_BAD_JSON');
    expect(errcodeOf(() => parseJson(`{"depth":${token}}`))).toBe('M_BAD_JSON');
  });

  test.each(['0', '-1', '9007199254740991', '-9007199254740991'])('%s is a number', (token) => {
    expect(parseJson(token)).toBe(Number(token));
  });

  test('where any number may stand, fractions and exponents are taken, but not what overflows', () => {
    expect(parseJson('[1.5,1e3,-0]', { numbers: 'any' })).toEqual([1.5, 1000, -0]);
    expect(errcodeOf(() => parseJson('1e400', { numbers: 'any' }))).toBe('M_BAD_JSON');
  });

  test.each(['01', '+1', '.5', '1.', '1e', '-', 'NaN', 'Infinity', '0x10', '1_000'])('%s is no JSON', (token) => {
    expect(errcodeOf(() => parseJson(token, { numbers: 'any' }))).toBe('M_NOT_JSON');
  });
});

describe('58: malformed text, a key given twice too, is M_NOT_JSON', () => {
  const malformed: readonly (readonly [name: string, text: string | Uint8Array])[] = [
    ['nothing', ''],
    ['blanks', ' \n'],
    ['a byte order mark', '\ufeff{}'],
    ['an encoded byte order mark', Buffer.from('\ufeff{}')],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
    ['a raw lone surrogate', '"\ud800"'],
    ['an escaped lone high surrogate', '"\\ud83d"'],
    ['an escaped lone low surrogate', '"\\ude00"'],
    ['surrogates in the wrong order', '"\\ude00\\ud83d"'],
    ['a lone surrogate in a key', '{"\\ud83d":1}'],
    ['the same key twice', '{"a":1,"a":1}'],
    ['the same key twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['__proto__ twice', '{"__proto__":1,"__proto__":2}'],
    ['a trailing comma in an object', '{"a":1,}'],
    ['a trailing comma in an array', '[1,]'],
    ['a missing colon', '{"a" 1}'],
    ['a bare key', '{a:1}'],
    ['single quotes', "{'a':1}"],
    ['a comment', '{}//'],
    ['a second value', '{} {}'],
    ['an open object', '{"a":1'],
    ['an open array', '[1'],
    ['an open string', '"abc'],
    ['an open escape', '"abc\\'],
    ['a raw line feed in a string', '"a\nb"'],
    ['a raw NUL in a string', '"a\0b"'],
    ['an unknown escape', '"\\x41"'],
    ['a short escape', '"\\u12"'],
    ['a misspelt word', 'nul'],
    ['a word with a tail', 'truee'],
    ['a form feed between tokens', '[\f1]'],
  ];
  test.each(malformed)('%s', (_name, text) => {
    expect(errcodeOf(() => parseJson(text))).toBe('M_NOT_JSON');
  });

  test('nesting deeper than 100 is refused, 100 is not', () => {
    expect(errcodeOf(() => parseJson('['.repeat(100) + ']'.repeat(100)))).toBe('parsed');
    expect(errcodeOf(() => parseJson('['.repeat(101) + ']'.repeat(101)))).toBe('M_NOT_JSON');
    expect(errcodeOf(() => parseJson('{"a":'.repeat(101) + '1' + '}'.repeat(101)))).toBe('M_NOT_JSON');
    expect(errcodeOf(() => parseJson('['.repeat(1_000_000)))).toBe('M_NOT_JSON');
  });
});

describe('58: keys are plain data', () => {
  test('__proto__, constructor and integer-like keys survive', () => {
    const parsed = parseJsonObject('{"__proto__":{"polluted":1},"constructor":2,"10":3,"9":4,"toString":5}');
    expect(Object.keys(parsed).sort()).toEqual(['10', '9', '__proto__', 'constructor', 'toString']);
    expect(parsed['constructor']).toBe(2);
    expect(Object.getPrototypeOf(parsed)).toBeNull();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('a copy by jsonObject keeps them and leaves out what is undefined', () => {
    const copy = jsonObject({ ...parseJsonObject('{"__proto__":1,"a":2}'), b: undefined });
    expect(Object.keys(copy).sort()).toEqual(['__proto__', 'a']);
    expect(Object.getPrototypeOf(copy)).toBeNull();
  });

  test('an object is asked for: anything else is M_BAD_JSON', () => {
    for (const text of ['[]', '1', '"a"', 'null', 'true']) {
      expect(errcodeOf(() => parseJsonObject(text))).toBe('M_BAD_JSON');
    }
  });
});

test('escapes, U+0000 and text beyond the basic plane are read as JSON.parse reads them', () => {
  const text = '"\\u0000\\b\\f\\n\\r\\t\\"\\\\\\/\\ud83d\\ude00😀\u2028\u007f"';
  expect(parseJson(text)).toBe(JSON.parse(text));
});

test('whatever JSON.stringify writes of integers and well-formed text is read back equal, as text and as bytes', () => {
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger().map((n) => n + 0),
      fc.string({ unit: 'grapheme' }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', '10', '9')), tie('value'), {
        maxKeys: 5,
        noNullPrototype: false,
      }),
    ),
  })).value;
  fc.assert(
    fc.property(value, (given) => {
      const text = JSON.stringify(given);
      expect(JSON.stringify(parseJson(text))).toBe(text);
      expect(JSON.stringify(parseJson(Buffer.from(text)))).toBe(text);
    }),
  );
});

test('any text either parses as JSON.parse does, or is refused with a MatrixError', () => {
  const fragments = [
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"',
    'a',
    '1',
    '-',
    '.',
    'e',
    'true',
    'null',
    ' ',
    '\\',
    '\\u0041',
    '0',
  ];
  const text = fc.array(fc.constantFrom(...fragments), { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (given) => {
      const verdict = errcodeOf(() => parseJson(given, { numbers: 'any' }));
      let expected: unknown;
      try {
        expected = JSON.parse(given);
      } catch {
        expect(verdict).toBe('M_NOT_JSON');
        return;
      }
      if (verdict === 'parsed')
        expect(JSON.stringify(parseJson(given, { numbers: 'any' }))).toBe(JSON.stringify(expected));
      else expect(given).toMatch(/"|e/); // only duplicate keys and numbers out of range are refused beyond JSON.parse
    }),
    { numRuns: 2000 },
  );
});

describe('what is remembered of a text', () => {
  test('does not keep the rest of the text in memory', () => {
    setFlagsFromString('--expose_gc');
    const collect = runInNewContext('gc') as () => void;
    const padded = (n: number) => Buffer.from(`${' '.repeat(120_000)}{"name":"somebody with a longer name, ${n}"}`);
    const kept: unknown[] = [];
    collect();
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 300; n += 1) kept.push(parseJsonObject(padded(n))['name']);
    collect();
    // The texts are 36 MB.
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(12_000_000);
    expect(kept).toHaveLength(300);
  });
});

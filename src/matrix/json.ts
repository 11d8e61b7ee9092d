// A lossless JSON parser: what Matrix refuses is seen as it was written, before JavaScript could round or merge it away.
import { MatrixError } from './errors.ts';

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;

/** Objects made by `parseJson` have no prototype, so `__proto__` and `constructor` are plain keys. */
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export interface ParseOptions {
  /** `integers` (default): only what canonical JSON can carry. `any`: every JSON number that is finite as a double. */
  readonly numbers?: 'integers' | 'any';
}

/** Arrays and objects may nest this deep. */
export const MAX_JSON_DEPTH = 100;

/** A text of this length may be kept in memory by a string that was read from it. */
const MAX_HELD_TEXT = 1_024;

interface Reader {
  readonly text: string;
  readonly anyNumber: boolean;
  at: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;

const notJson = (message: string): MatrixError => new MatrixError('M_NOT_JSON', message);

/**
 * Parses one JSON value, given as text or UTF-8 bytes.
 *
 * Throws MatrixError M_NOT_JSON for malformed text, invalid UTF-8, a byte order mark, lone surrogates, duplicate keys,
 * and nesting deeper than 100; M_BAD_JSON for a number that canonical JSON cannot carry: a fraction, an exponent, `-0`,
 * or beyond ±(2^53 − 1) (Matrix specification, appendices, Canonical JSON).
 */
export function parseJson(input: string | Uint8Array, options: ParseOptions = {}): JsonValue {
  const text = typeof input === 'string' ? input : decode(input);
  if (typeof input === 'string' && !text.isWellFormed()) throw notJson('The text contains a lone surrogate.');
  const reader: Reader = { text, anyNumber: options.numbers === 'any', at: 0 };
  skipBlanks(reader);
  const value = parseValue(reader, 0);
  if (reader.at !== text.length) throw unexpected(reader);
  return value;
}

/** As `parseJson`, for a value that must be an object; anything else is M_BAD_JSON. */
export function parseJsonObject(input: string | Uint8Array, options: ParseOptions = {}): JsonObject {
  const value = parseJson(input, options);
  if (!isJsonObject(value)) throw new MatrixError('M_BAD_JSON', 'The JSON is not an object.');
  return value;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** A copy without a prototype, so that a lookup finds own keys only; members that are undefined are left out. */
export function jsonObject(fields: { readonly [key: string]: JsonValue | undefined }): JsonObject {
  const copy: Record<string, JsonValue> = Object.create(null);
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (value !== undefined) copy[key] = value;
  }
  return copy;
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw notJson('The text is not valid UTF-8.');
  }
}

function unexpected(reader: Reader): MatrixError {
  if (reader.at >= reader.text.length) return notJson('The JSON ends too early.');
  return notJson(`Unexpected character at position ${reader.at}.`);
}

function skipBlanks(reader: Reader): void {
  for (;;) {
    const code = reader.text.charCodeAt(reader.at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    reader.at += 1;
  }
}

/** Parses the value at the reader and the blanks after it. */
function parseValue(reader: Reader, depth: number): JsonValue {
  const value = parseToken(reader, depth);
  skipBlanks(reader);
  return value;
}

function parseToken(reader: Reader, depth: number): JsonValue {
  switch (reader.text.charCodeAt(reader.at)) {
    case 0x7b:
      return parseObject(reader, deeper(depth));
    case 0x5b:
      return parseArray(reader, deeper(depth));
    case 0x22:
      return parseString(reader);
    case 0x74:
      return parseWord(reader, 'true', true);
    case 0x66:
      return parseWord(reader, 'false', false);
    case 0x6e:
      return parseWord(reader, 'null', null);
    default:
      return parseNumber(reader);
  }
}

function deeper(depth: number): number {
  if (depth >= MAX_JSON_DEPTH) throw notJson(`The JSON is nested deeper than ${MAX_JSON_DEPTH}.`);
  return depth + 1;
}

/** Steps over the character and the blanks after it when it is the next one. */
function take(reader: Reader, code: number): boolean {
  if (reader.text.charCodeAt(reader.at) !== code) return false;
  reader.at += 1;
  skipBlanks(reader);
  return true;
}

function parseObject(reader: Reader, depth: number): JsonObject {
  const object: Record<string, JsonValue> = Object.create(null);
  reader.at += 1;
  skipBlanks(reader);
  if (reader.text.charCodeAt(reader.at) === 0x7d) {
    reader.at += 1;
    return object;
  }
  do {
    if (reader.text.charCodeAt(reader.at) !== 0x22) throw unexpected(reader);
    const key = parseString(reader);
    skipBlanks(reader);
    if (!take(reader, 0x3a)) throw unexpected(reader);
    if (key in object) throw notJson('An object has the same key twice.');
    object[key] = parseValue(reader, depth);
  } while (take(reader, 0x2c));
  if (reader.text.charCodeAt(reader.at) !== 0x7d) throw unexpected(reader);
  reader.at += 1;
  return object;
}

function parseArray(reader: Reader, depth: number): readonly JsonValue[] {
  const array: JsonValue[] = [];
  reader.at += 1;
  skipBlanks(reader);
  if (reader.text.charCodeAt(reader.at) === 0x5d) {
    reader.at += 1;
    return array;
  }
  do array.push(parseValue(reader, depth));
  while (take(reader, 0x2c));
  if (reader.text.charCodeAt(reader.at) !== 0x5d) throw unexpected(reader);
  reader.at += 1;
  return array;
}

function parseString(reader: Reader): string {
  const { text } = reader;
  const start = reader.at;
  let end = start + 1;
  let escaped = false;
  for (;;) {
    const code = text.charCodeAt(end);
    if (code === 0x22) break;
    if (code === 0x5c) {
      escaped = true;
      end += 2;
    } else if (code >= 0x20) {
      end += 1;
    } else {
      reader.at = end;
      throw unexpected(reader);
    }
    if (end >= text.length) throw notJson('The JSON ends inside a string.');
  }
  reader.at = end + 1;
  return escaped ? unescape(text.slice(start, end + 1)) : detached(text, start + 1, end);
}

// To the engine a part of a text is a view that keeps all of the text: one name that is remembered out of a long request would
// hold the request. Joined to something and cut off again it stands alone.
function detached(text: string, start: number, end: number): string {
  const part = text.slice(start, end);
  return text.length <= MAX_HELD_TEXT ? part : ` ${part}`.slice(1);
}

function unescape(literal: string): string {
  let value: string;
  try {
    value = JSON.parse(literal);
  } catch {
    throw notJson('A string contains a malformed escape.');
  }
  if (!value.isWellFormed()) throw notJson('A string contains a lone surrogate.');
  return value;
}

function parseNumber(reader: Reader): number {
  NUMBER.lastIndex = reader.at;
  const match = NUMBER.exec(reader.text);
  if (match === null) throw unexpected(reader);
  const [token, fraction, exponent] = match;
  reader.at += token.length;
  const value = Number(token);
  if (reader.anyNumber) {
    if (!Number.isFinite(value)) throw new MatrixError('M_BAD_JSON', 'A number is out of range.');
    return value;
  }
  if (fraction !== undefined || exponent !== undefined || !Number.isSafeInteger(value) || Object.is(value, -0)) {
    throw new MatrixError('M_BAD_JSON', 'A number is not an integer within ±(2^53 − 1).');
  }
  return value;
}

function parseWord<T extends boolean | null>(reader: Reader, word: string, value: T): T {
  if (!reader.text.startsWith(word, reader.at)) throw unexpected(reader);
  reader.at += word.length;
  return value;
}

// Canonical JSON: the one byte order that is hashed and signed.
import { MatrixError } from './errors.ts';
import { isJsonArray, type JsonObject, type JsonValue } from './json.ts';

/** Deeper than any parsed text, to leave room for what a request or a transaction wraps round it. */
const MAX_DEPTH = 120;
const SURROGATE = /[\ud800-\udfff]/;

/**
 * The canonical JSON text of a value (Matrix specification, appendices, Canonical JSON): shortest form, keys ordered by
 * Unicode code point, integers only. Members that are undefined are left out; a negative zero is written as 0.
 * Throws MatrixError M_BAD_JSON for fractions, numbers beyond ±(2^53 − 1) and lone surrogates.
 */
export function canonicalJson(value: JsonValue): string {
  return encode(value, 0);
}

function encode(value: JsonValue, depth: number): string {
  if (typeof value === 'string') return encodeString(value);
  if (typeof value === 'number') return encodeNumber(value);
  if (value === null || typeof value === 'boolean') return String(value);
  if (depth >= MAX_DEPTH) throw refuse('The JSON is nested too deeply.');
  if (isJsonArray(value)) return encodeArray(value, depth + 1);
  if (typeof value === 'object') return encodeObject(value, depth + 1);
  throw refuse('A value has no JSON form.');
}

function encodeString(text: string): string {
  if (!text.isWellFormed()) throw refuse('A string contains a lone surrogate.');
  // JSON.stringify escapes exactly the characters that canonical JSON escapes, in the same spelling.
  return JSON.stringify(text);
}

function encodeNumber(value: number): string {
  if (!Number.isSafeInteger(value)) throw refuse('A number is not an integer within ±(2^53 − 1).');
  return String(value);
}

function encodeArray(items: readonly JsonValue[], depth: number): string {
  let text = '';
  for (const item of items) text += `${text === '' ? '' : ','}${encode(item, depth)}`;
  return `[${text}]`;
}

function encodeObject(object: JsonObject, depth: number): string {
  let text = '';
  for (const key of sortedKeys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    text += `${text === '' ? '' : ','}${encodeString(key)}:${encode(value, depth)}`;
  }
  return `{${text}}`;
}

function sortedKeys(object: JsonObject): string[] {
  const keys = Object.keys(object);
  // sort() compares UTF-16 units, which differs from code points only when a key holds a surrogate pair.
  return keys.some((key) => SURROGATE.test(key)) ? keys.sort(compareCodePoints) : keys.sort();
}

/** Orders two well-formed strings by Unicode code point. */
export function compareCodePoints(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at += 1) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** Lifts surrogate units above U+E000–U+FFFF, so that unit order becomes code-point order. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

function refuse(message: string): MatrixError {
  return new MatrixError('M_BAD_JSON', message);
}

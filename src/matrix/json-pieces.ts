// Long answers read piece by piece: nothing holds the process up, and one bad element does not spoil the others.
import { MatrixError } from './errors.ts';
import { parseJson, type JsonObject, type JsonValue } from './json.ts';

/** A member that is no array, and an element of one that is, may have this many bytes. */
export const MAX_PIECE_BYTES = 1_048_576;
/** Elements of all arrays together. */
export const MAX_PIECES = 500_000;

/** An element that was refused: where null stands for it, what stood there, and why it was refused. */
export interface RefusedElement {
  readonly list: readonly JsonValue[];
  readonly at: number;
  readonly bytes: Uint8Array;
  readonly error: MatrixError;
}

interface Reader {
  readonly bytes: Uint8Array;
  readonly refused: RefusedElement[];
  at: number;
  pieces: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const notJson = (message: string): MatrixError => new MatrixError('M_NOT_JSON', message);

/**
 * Parses a JSON object, and yields the position it has come to after each member, and after each element of a member that
 * is an array. An element that `parseJson` refuses (duplicate keys, fractions, bad UTF-8, …) becomes null, and is added to
 * `refused`; whatever else it refuses is thrown, as are elements that are too many or too large (M_TOO_LARGE) and what is
 * no object (M_BAD_JSON).
 */
export function* parseInPieces(bytes: Uint8Array, refused: RefusedElement[] = []): Generator<number, JsonObject, void> {
  const reader: Reader = { bytes, refused, at: 0, pieces: 0 };
  const object: Record<string, JsonValue> = Object.create(null);
  if (next(reader) !== OPEN_OBJECT) {
    if (bytes.length <= MAX_PIECE_BYTES) parseJson(bytes);
    throw new MatrixError('M_BAD_JSON', 'The JSON is not an object.');
  }
  for (let more = opens(reader, CLOSE_OBJECT); more; more = goesOn(reader, CLOSE_OBJECT)) {
    if (next(reader) !== QUOTE) throw notJson('A key was expected.');
    const key = parseJson(piece(reader)) as string;
    if (key in object) throw notJson('An object has the same key twice.');
    if (next(reader) !== COLON) throw notJson('A colon was expected.');
    reader.at += 1;
    object[key] = next(reader) === OPEN_ARRAY ? yield* parseElements(reader) : parseJson(piece(reader));
    yield reader.at;
  }
  if (next(reader) !== undefined) throw notJson('Something follows the JSON.');
  return object;
}

function* parseElements(reader: Reader): Generator<number, readonly JsonValue[], void> {
  const elements: JsonValue[] = [];
  for (let more = opens(reader, CLOSE_ARRAY); more; more = goesOn(reader, CLOSE_ARRAY)) {
    reader.pieces += 1;
    if (reader.pieces > MAX_PIECES) throw new MatrixError('M_TOO_LARGE', 'The JSON has too many elements.');
    parseElement(reader, elements);
    yield reader.at;
  }
  return elements;
}

function parseElement(reader: Reader, list: JsonValue[]): void {
  const bytes = piece(reader);
  try {
    list.push(parseJson(bytes));
  } catch (error) {
    if (!(error instanceof MatrixError)) throw error;
    reader.refused.push({ list, at: list.length, bytes, error });
    list.push(null);
  }
}

/** The next byte that is no blank; undefined at the end. */
function next(reader: Reader): number | undefined {
  const { bytes } = reader;
  for (;;) {
    const byte = bytes[reader.at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
    reader.at += 1;
  }
}

/** Steps over an opening bracket. False: it is closed at once, which is stepped over as well. */
function opens(reader: Reader, close: number): boolean {
  reader.at += 1;
  if (next(reader) !== close) return true;
  reader.at += 1;
  return false;
}

/** Steps over a comma (true) or the closing bracket (false). */
function goesOn(reader: Reader, close: number): boolean {
  const byte = next(reader);
  if (byte !== COMMA && byte !== close) throw notJson('A comma or a closing bracket was expected.');
  reader.at += 1;
  return byte === COMMA;
}

/** Steps over one value and gives its bytes, by its brackets and quotes alone: what is in it is for the parser to judge. */
function piece(reader: Reader): Uint8Array {
  const { bytes, at: start } = reader;
  const limit = Math.min(bytes.length, start + MAX_PIECE_BYTES);
  let depth = 0;
  let at = start;
  for (; at < limit; at += 1) {
    const byte = bytes[at]!;
    if (byte === QUOTE) {
      at = endOfString(bytes, at, limit);
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      depth += 1;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      if (depth === 0) break;
      depth -= 1;
    } else if (depth === 0 && (byte === COMMA || byte === COLON)) {
      break;
    }
  }
  if (at >= limit && limit < bytes.length) throw new MatrixError('M_TOO_LARGE', 'A part of the JSON is too large.');
  reader.at = Math.min(at, bytes.length);
  return bytes.subarray(start, reader.at);
}

/** Where the closing quote is; past the limit when there is none. */
function endOfString(bytes: Uint8Array, start: number, limit: number): number {
  for (let at = start + 1; at < limit; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
  }
  return limit;
}

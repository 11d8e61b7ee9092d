/** Arrays as Postgres sends them itself: parameters that neither side has to spell out and to read again. */

/** The element types that are spoken here, with their object ids in every Postgres. */
const OIDS = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, text: 25 } as const;

export type ElementType = keyof typeof OIDS;
export type Element = string | number | boolean | Buffer | null;

const GREATEST = { bool: 1, int2: 2 ** 15 - 1, int4: 2 ** 31 - 1, int8: Number.MAX_SAFE_INTEGER } as const;
const HEAD_BYTES = 20;
const LENGTH_BYTES = 4;
const MOST_NUMBER_BYTES = 8;
const MOST_UTF8_BYTES = 3;

/** What is being written; it grows to the longest array so far, and every array is copied out of it. */
let bytes = Buffer.allocUnsafe(64 * 1024);
let view = viewOf(bytes);

/**
 * An array with one element for each row, as the value of a query's parameter (the driver sends a Buffer as it is, in
 * the binary format). Throws a TypeError or RangeError for what does not belong into such a column.
 */
export function binaryArray<Row>(
  type: ElementType,
  rows: readonly Row[],
  pick: (row: Row, n: number) => Element,
): Buffer {
  let end = HEAD_BYTES;
  let hasNull = 0;
  for (let n = 0; n < rows.length; n += 1) {
    const element = pick(rows[n]!, n);
    const start = end + LENGTH_BYTES;
    reserve(start + mostBytes(element));
    const length = element === null ? -1 : write(type, element, start);
    view.setInt32(end, length);
    if (length < 0) hasNull = 1;
    end = start + Math.max(0, length);
  }
  view.setInt32(0, 1);
  view.setInt32(4, hasNull);
  view.setInt32(8, OIDS[type]);
  view.setInt32(12, rows.length);
  view.setInt32(16, 1);
  const copy = Buffer.allocUnsafe(end);
  bytes.copy(copy, 0, 0, end);
  return copy;
}

/** Writes an element and returns its length in bytes. */
function write(type: ElementType, element: string | number | boolean | Buffer, at: number): number {
  switch (type) {
    case 'text':
      if (typeof element === 'string') return bytes.write(element, at);
      break;
    case 'bytea':
      if (typeof element === 'object') return element.copy(bytes, at);
      break;
    default:
      if (typeof element === 'number' || typeof element === 'boolean') return writeNumber(type, Number(element), at);
  }
  throw new TypeError(`a ${typeof element} stands in a column of ${type}`);
}

function writeNumber(type: 'bool' | 'int2' | 'int4' | 'int8', value: number, at: number): number {
  const greatest = GREATEST[type];
  if (!Number.isSafeInteger(value) || value > greatest || value < -greatest - 1)
    throw new RangeError(`${value} stands in a column of ${type}`);
  switch (type) {
    case 'int8':
      view.setInt32(at, Math.floor(value / 2 ** 32));
      view.setInt32(at + 4, value);
      return 8;
    case 'int4':
      view.setInt32(at, value);
      return 4;
    case 'int2':
      view.setInt16(at, value);
      return 2;
    case 'bool':
      view.setInt8(at, value);
      return 1;
    default:
      return type satisfies never;
  }
}

function mostBytes(element: Element): number {
  if (typeof element === 'string') return element.length * MOST_UTF8_BYTES;
  return Buffer.isBuffer(element) ? element.length : MOST_NUMBER_BYTES;
}

function reserve(length: number): void {
  if (length <= bytes.length) return;
  const larger = Buffer.allocUnsafe(2 * length);
  bytes.copy(larger);
  bytes = larger;
  view = viewOf(larger);
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
}

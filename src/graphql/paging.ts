/** From `first`, `after`, `last`, `before` to a page of a list, with opaque cursors (Relay's connections). */
import { rowsToRead, toPage, type KeysetPage, type PageOfRows } from '../database/keyset.ts';
import { MatrixError } from '../matrix/errors.ts';
import { parseRoomId, parseServerName, parseUserId } from '../matrix/identifiers.ts';
import type { ListPage } from './models.ts';
import { parsePosition } from './node-ids.ts';

export const DEFAULT_PAGE = 50;
export const MAX_PAGE = 100;

export interface PageArgs {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly last?: number | null | undefined;
  readonly before?: string | null | undefined;
}

/** How a list's keys look in cursors; the name keeps cursors of different lists apart. `parse` gives null for no key. */
export interface CursorKind<K extends number | string> {
  readonly name: string;
  readonly parse: (text: string) => K | null;
}

export const CURSORS = {
  room: { name: 'room', parse: parseRoomId } satisfies CursorKind<string>,
  member: { name: 'member', parse: parseUserId } satisfies CursorKind<string>,
  membership: { name: 'membership', parse: parseRoomId } satisfies CursorKind<string>,
  knock: { name: 'knock', parse: parsePosition } satisfies CursorKind<number>,
  /** Of knocks by their end. */
  decidedKnock: { name: 'decided', parse: parsePosition } satisfies CursorKind<number>,
  transition: { name: 'transition', parse: parsePosition } satisfies CursorKind<number>,
  path: { name: 'path', parse: parsePosition } satisfies CursorKind<number>,
  diff: { name: 'diff', parse: parsePosition } satisfies CursorKind<number>,
  event: { name: 'event', parse: parsePosition } satisfies CursorKind<number>,
  action: { name: 'action', parse: parsePosition } satisfies CursorKind<number>,
  destination: { name: 'destination', parse: parseServerName } satisfies CursorKind<string>,
  delivery: { name: 'delivery', parse: parseDeliveryKey } satisfies CursorKind<string>,
  serviceToken: { name: 'service-token', parse: parsePosition } satisfies CursorKind<number>,
  /** Of deliveries to one server. */
  sent: { name: 'sent', parse: parsePosition } satisfies CursorKind<number>,
};

/** A padded position and a server's name. */
function parseDeliveryKey(text: string): string | null {
  return /^\d{16} /.test(text) && parseServerName(text.slice(17)) !== null ? text : null;
}

/** Throws M_INVALID_PARAM for sizes out of range, for both sizes at once and for cursors of other lists. */
export function pageOf<K extends number | string>(
  args: PageArgs,
  kind: CursorKind<K>,
  descending = false,
): KeysetPage<K> {
  const { first, last } = args;
  if (isGiven(first) && isGiven(last)) {
    throw new MatrixError('M_INVALID_PARAM', 'Ask for the first entries or for the last ones, not for both.');
  }
  return {
    limit: sizeOf(isGiven(last) ? 'last' : 'first', last ?? first ?? DEFAULT_PAGE),
    after: keyOf(args.after, kind),
    before: keyOf(args.before, kind),
    fromEnd: isGiven(last),
    descending,
  };
}

function isGiven(size: number | null | undefined): size is number {
  return size !== null && size !== undefined;
}

function sizeOf(name: string, size: number): number {
  if (size < 0 || size > MAX_PAGE) {
    throw new MatrixError('M_INVALID_PARAM', `${name} must be between 0 and ${MAX_PAGE}; it is ${size}.`);
  }
  return size;
}

function keyOf<K extends number | string>(cursor: string | null | undefined, kind: CursorKind<K>): K | null {
  if (cursor === null || cursor === undefined) return null;
  const text = Buffer.from(cursor, 'base64url').toString();
  const key = text.startsWith(`${kind.name}:`) ? kind.parse(text.slice(kind.name.length + 1)) : null;
  // Written again it must be the same: base64 can spell the same bytes in more ways than one.
  if (key === null || cursorOf(kind, key) !== cursor) {
    throw new MatrixError('M_INVALID_PARAM', 'This is no cursor of this list.');
  }
  return key;
}

function cursorOf(kind: CursorKind<number | string>, key: number | string): string {
  return Buffer.from(`${kind.name}:${key}`).toString('base64url');
}

/** A page that was read, with its cursors. */
export function listPage<Row, K extends number | string>(
  page: PageOfRows<Row>,
  kind: CursorKind<K>,
  key: (row: Row) => K,
): Omit<ListPage<Row>, 'count'> {
  return { ...page, cursorOf: (row) => cursorOf(kind, key(row)) };
}

/** Pages a list that is in memory, in the order of its keys (by UTF-16, whatever order a database has). */
export function pageInMemory<Row>(
  rows: readonly Row[],
  key: (row: Row) => string,
  page: KeysetPage<string>,
): PageOfRows<Row> {
  const { after, before } = page;
  const within = rows.filter((row) => (after === null || key(row) > after) && (before === null || key(row) < before));
  const up = within.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
  const read = page.fromEnd === page.descending ? up : up.toReversed();
  return toPage(read.slice(0, rowsToRead(page)), page);
}

/** From `first`, `after`, `last`, `before` to a page of a list, with opaque cursors (Relay's connections). */
import type { KeysetPage, PageOfRows } from '../database/keyset.ts';
import { MatrixError } from '../matrix/errors.ts';
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

/** How a list's keys look in cursors; the name keeps cursors of different lists apart. */
export interface CursorKind<K extends number | string> {
  readonly name: string;
  readonly parse: (text: string) => K;
}

export const CURSORS = {
  room: { name: 'room', parse: (text) => text } satisfies CursorKind<string>,
  member: { name: 'member', parse: (text) => text } satisfies CursorKind<string>,
  membership: { name: 'membership', parse: (text) => text } satisfies CursorKind<string>,
  knock: { name: 'knock', parse: parsePosition } satisfies CursorKind<number>,
  transition: { name: 'transition', parse: parsePosition } satisfies CursorKind<number>,
};

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
  const key = text.slice(kind.name.length + 1);
  if (!text.startsWith(`${kind.name}:`) || text.includes('\0') || cursorOf(kind, key) !== cursor) {
    throw new MatrixError('M_INVALID_PARAM', 'This is no cursor of this list.');
  }
  return kind.parse(key);
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

/** Pages a list that is in memory, in the order of its keys. */
export function pageInMemory<Row>(
  rows: readonly Row[],
  key: (row: Row) => string,
  { after, before, limit, fromEnd }: KeysetPage<string>,
): PageOfRows<Row> {
  const within = rows.filter((row) => (after === null || key(row) > after) && (before === null || key(row) < before));
  const more = within.length > limit;
  if (!fromEnd) return { rows: within.slice(0, limit), hasNextPage: more, hasPreviousPage: after !== null };
  return { rows: limit === 0 ? [] : within.slice(-limit), hasNextPage: before !== null, hasPreviousPage: more };
}

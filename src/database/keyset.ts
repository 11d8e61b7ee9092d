/** Keyset paging: the part of an ordered list behind or before a key, read from either end. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';

/** `K` is what the list is ordered by: unique in it. */
export interface KeysetPage<K extends number | string = number> {
  readonly limit: number;
  /** Exclusive. */
  readonly after: K | null;
  /** Exclusive. */
  readonly before: K | null;
  /** The last `limit` entries instead of the first. */
  readonly fromEnd: boolean;
  /** The list itself runs from the greatest key to the smallest. */
  readonly descending: boolean;
}

/** Whether a row lies between the page's bounds. */
export function withinPage<K extends number | string>(
  column: RawBuilder<unknown>,
  { after, before, descending }: KeysetPage<K>,
): RawBuilder<SqlBool> {
  const greater = descending ? before : after;
  const smaller = descending ? after : before;
  return sql<SqlBool>`${greater === null ? sql`true` : sql`${column} > ${greater}`} and ${smaller === null ? sql`true` : sql`${column} < ${smaller}`}`;
}

/** `order by` in the direction the page is read in: from its end, the list is read backwards. */
export function inReadingOrder<K extends number | string>(
  column: RawBuilder<unknown>,
  { fromEnd, descending }: KeysetPage<K>,
): RawBuilder<unknown> {
  return fromEnd === descending ? sql`${column} asc` : sql`${column} desc`;
}

/** Rows to read: one more than wanted tells whether there is more. */
export function rowsToRead<K extends number | string>({ limit }: KeysetPage<K>): number {
  return limit + 1;
}

export interface PageOfRows<Row> {
  /** In the list's order. */
  readonly rows: readonly Row[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}

/**
 * Makes a page of what was read. Beyond a bound of the page there was an entry, the one that its cursor names, so there
 * is more there.
 */
export function toPage<Row, K extends number | string>(read: readonly Row[], page: KeysetPage<K>): PageOfRows<Row> {
  const more = read.length > page.limit;
  const rows = more ? read.slice(0, page.limit) : [...read];
  if (page.fromEnd) {
    return { rows: rows.reverse(), hasNextPage: page.before !== null, hasPreviousPage: more || page.after !== null };
  }
  return { rows, hasNextPage: more || page.before !== null, hasPreviousPage: page.after !== null };
}

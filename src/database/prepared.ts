/** Statements that a connection plans once: for those that are asked most, and whose plan does not hang on their values. */
import { sql, type RawBuilder } from 'kysely';
import type pg from 'pg';

const MARK = '/* prepared */';
// It stands behind the first word at the latest.
const MARK_WITHIN = 30;

/**
 * Marks a statement that begins with it. What it selects has to be listed by name: a `*` that comes to mean another column
 * breaks what was prepared before.
 */
export const PREPARED: RawBuilder<unknown> = sql.raw(MARK);

/** As few as there are texts in the sources: values are no part of them. */
const names = new Map<string, string>();

function nameOf(text: string): string {
  const name = names.get(text) ?? `prepared-${names.size + 1}`;
  names.set(text, name);
  return name;
}

/** Has a pool's connection prepare what is marked. */
export function prepareMarked(client: pg.PoolClient): void {
  prepareIf(client, (text) => text.slice(0, MARK_WITHIN).includes(MARK));
}

/** Has a pool's connection prepare whatever is asked with values. */
export function prepareAll(client: pg.PoolClient): void {
  prepareIf(client, (_text, values) => Array.isArray(values) && values.length > 0);
}

function prepareIf(client: pg.PoolClient, isPrepared: (text: string, values: unknown) => boolean): void {
  const plain = client.query.bind(client) as (...args: unknown[]) => unknown;
  const query = (text: unknown, ...rest: unknown[]): unknown => {
    const [values, ...more] = rest;
    if (typeof text !== 'string' || !isPrepared(text, values)) return plain(text, ...rest);
    return plain({ name: nameOf(text), text, values }, ...more);
  };
  client.query = query as typeof client.query;
}

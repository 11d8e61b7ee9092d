/** Compares a projection's live table with its copy in the session's temporary schema, and makes the live one equal. */
import type { PoolClient } from 'pg';

/** How a table differs from what the log says. */
export interface TableDifference {
  readonly projection: string;
  readonly table: string;
  readonly rows: number;
  /** Primary key of the first differing row, in key order. */
  readonly firstKey: Readonly<Record<string, string | null>>;
  /** What is wrong with that row. */
  readonly reason: 'missing' | 'added' | 'changed';
  /** Of a changed row, the columns that differ. */
  readonly columns: readonly string[];
}

interface TableShape {
  readonly columns: readonly string[];
  readonly key: readonly string[];
}

/** Makes an empty copy that unqualified names find before the live table, for this session alone. */
export async function createCopy(client: PoolClient, table: string): Promise<void> {
  await client.query(`create temporary table ${table} (like public.${table} including all)`);
}

/** Null when copy and live table hold the same rows. */
export async function compareTable(
  client: PoolClient,
  projection: string,
  table: string,
): Promise<TableDifference | null> {
  const { columns, key } = await shapeOf(client, table);
  const differs = `(c.${quoted(key[0]!)} is null or l.${quoted(key[0]!)} is null or ${rowOf(columns, 'c')} is distinct from ${rowOf(columns, 'l')})`;
  const keys = key.map((name) => `coalesce(c.${quoted(name)}, l.${quoted(name)})`);
  const wrong = columns.map(
    (name) => `case when c.${quoted(name)} is distinct from l.${quoted(name)} then '${name}' end`,
  );
  const { rows } = await client.query<{
    total: number;
    key: (string | null)[];
    copied: boolean;
    live: boolean;
    wrong: string[];
  }>(
    `select count(*) over () as total, array[${keys.map((k) => `${k}::text`).join(', ')}] as key,
            c.${quoted(key[0]!)} is not null as copied, l.${quoted(key[0]!)} is not null as live,
            array_remove(array[${wrong.join(', ')}], null) as wrong
       from pg_temp.${table} c full join public.${table} l on ${sameKey(key)}
      where ${differs} order by ${keys.join(', ')} limit 1`,
  );
  const first = rows[0];
  if (first === undefined) return null;
  const reason = !first.live ? 'missing' : first.copied ? 'changed' : 'added';
  return {
    projection,
    table,
    rows: first.total,
    firstKey: Object.fromEntries(key.map((name, i) => [name, first.key[i] ?? null])),
    reason,
    columns: reason === 'changed' ? first.wrong : [],
  };
}

/** Writes the copy's rows over the live table's: those that differ, or with `all` every one. */
export async function replaceTable(client: PoolClient, table: string, all: boolean): Promise<void> {
  const { columns, key } = await shapeOf(client, table);
  const list = columns.map(quoted).join(', ');
  const kept = all ? 'false' : `exists (select from pg_temp.${table} c where ${sameKey(key)})`;
  await client.query(`delete from public.${table} l where not ${kept}`);
  const rest = columns.filter((name) => !key.includes(name));
  const set = rest.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ');
  const clash =
    rest.length === 0
      ? 'do nothing'
      : `do update set ${set} where ${rowOf(rest, 'l')} is distinct from ${rowOf(rest, 'excluded')}`;
  await client.query(
    `insert into public.${table} as l (${list}) select ${list} from pg_temp.${table} on conflict (${key.map(quoted).join(', ')}) ${clash}`,
  );
}

async function shapeOf(client: PoolClient, table: string): Promise<TableShape> {
  const { rows } = await client.query<{ name: string; key: boolean }>(
    `select a.attname as name, a.attnum = any(i.indkey) as key
       from pg_attribute a join pg_index i on i.indrelid = a.attrelid and i.indisprimary
      where a.attrelid = ('public.' || $1)::regclass and a.attnum > 0 and not a.attisdropped
      order by a.attnum`,
    [table],
  );
  return { columns: rows.map((row) => row.name), key: rows.filter((row) => row.key).map((row) => row.name) };
}

function sameKey(key: readonly string[]): string {
  return key.map((name) => `c.${quoted(name)} = l.${quoted(name)}`).join(' and ');
}

function rowOf(columns: readonly string[], table: string): string {
  return `row(${columns.map((name) => `${table}.${quoted(name)}`).join(', ')})`;
}

function quoted(name: string): string {
  return `"${name}"`;
}

/** One INSERT for many rows: a column is an array, so a batch of any size is one prepared statement. */
import type { TxClient } from '../database/tx.ts';

type ColumnType = 'text' | 'int2' | 'int4' | 'int8' | 'int8[]' | 'bool' | 'bytea' | 'timestamptz';
type Value = string | number | boolean | Buffer | null;

/** A column's values, one a row, or the one that all rows have. */
type Cells = readonly Value[] | { readonly all: Value };

/**
 * Name, SQL type and values of each column: the first has its own for every row, and all that have are equally long.
 * `int8[]` values are array literals.
 */
export type Columns = readonly [
  readonly [name: string, type: ColumnType, values: readonly Value[]],
  ...(readonly [name: string, type: ColumnType, values: Cells])[],
];

/**
 * Inserts the rows that the columns spell; nothing is sent when there are none.
 *
 *   insert into actions ("position", "actor", "at") select "position", "actor", $3::timestamptz
 *     from unnest($1::int8[], $2::text[]) as rows ("position", "actor")
 */
export async function insertRows(tx: TxClient, table: string, columns: Columns, onConflict = ''): Promise<void> {
  if (columns[0][2].length === 0) return;
  const text = statement(table, columns, onConflict);
  const values = columns.map(([, , cells]) => ('all' in cells ? cells.all : arrayLiteral(cells)));
  await tx.query({ name: `insert-${table}`, text, values });
}

const statements = new Map<string, string>();

// One statement a table: no table is inserted into with two sets of columns.
function statement(table: string, columns: Columns, onConflict: string): string {
  const known = statements.get(table);
  if (known !== undefined) return known;
  const [names, picked, arrays, arrayNames]: [string[], string[], string[], string[]] = [[], [], [], []];
  for (const [i, [name, type, cells]] of columns.entries()) {
    names.push(`"${name}"`);
    if ('all' in cells) {
      picked.push(`$${i + 1}::${type}`);
      continue;
    }
    // unnest() flattens arrays of arrays: what is one itself travels as text.
    picked.push(type === 'int8[]' ? `"${name}"::int8[]` : `"${name}"`);
    arrays.push(`$${i + 1}::${type === 'int8[]' ? 'text' : type}[]`);
    arrayNames.push(`"${name}"`);
  }
  const rows = `unnest(${arrays.join(', ')}) as rows (${arrayNames.join(', ')})`;
  const text = `insert into ${table} (${names.join(', ')}) select ${picked.join(', ')} from ${rows} ${onConflict}`;
  statements.set(table, text);
  return text;
}

/** A Postgres array literal. Written here because the driver's own spends more time on a batch than the insert does. */
function arrayLiteral(values: readonly Value[]): string {
  let text = '{';
  for (const [i, value] of values.entries()) {
    if (i > 0) text += ',';
    if (value === null) text += 'NULL';
    else if (Buffer.isBuffer(value)) text += `"\\\\x${value.toString('hex')}"`;
    else text += typeof value === 'string' ? quoted(value) : String(value);
  }
  return `${text}}`;
}

const NEEDS_ESCAPE = /["\\]/;
const ESCAPED = /["\\]/g;

function quoted(value: string): string {
  return NEEDS_ESCAPE.test(value) ? `"${value.replace(ESCAPED, '\\$&')}"` : `"${value}"`;
}

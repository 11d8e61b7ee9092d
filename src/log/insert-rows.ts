/** One INSERT for many rows: a column is an array, so a batch of any size is one prepared statement. */
import type { TxClient } from '../database/tx.ts';

type ColumnType = 'text' | 'int2' | 'int4' | 'int8' | 'int8[]' | 'bool' | 'bytea' | 'timestamptz';
type Value = string | number | boolean | Buffer | null;

/** Name, SQL type and the values of one column; all columns of a call are equally long. `int8[]` values are array literals. */
export type Columns = readonly (readonly [name: string, type: ColumnType, values: readonly Value[]])[];

/**
 * Inserts the rows that the columns spell; nothing is sent when there are none.
 *
 *   insert into actions ("position", "actor") select * from unnest($1::int8[], $2::text[])
 */
export async function insertRows(tx: TxClient, table: string, columns: Columns, onConflict = ''): Promise<void> {
  if (columns[0]![2].length === 0) return;
  const text = statement(table, columns, onConflict);
  const values = columns.map(([, type, cells]) => arrayLiteral(type, cells));
  await tx.query({ name: `insert-${table}`, text, values });
}

const statements = new Map<string, string>();

// One statement a table: no table is inserted into with two sets of columns.
function statement(table: string, columns: Columns, onConflict: string): string {
  const known = statements.get(table);
  if (known !== undefined) return known;
  const names = columns.map(([name]) => `"${name}"`).join(', ');
  const picked = columns.map(([name, type]) => (type === 'int8[]' ? `"${name}"::int8[]` : `"${name}"`)).join(', ');
  const arrays = columns.map(([, type], i) => `$${i + 1}::${type === 'int8[]' ? 'text' : type}[]`).join(', ');
  const text = `insert into ${table} (${names}) select ${picked} from unnest(${arrays}) as rows (${names}) ${onConflict}`;
  statements.set(table, text);
  return text;
}

/** A Postgres array literal. Written here because the driver's own spends more time on a batch than the insert does. */
function arrayLiteral(type: ColumnType, values: readonly Value[]): string {
  let text = '{';
  for (const [i, value] of values.entries()) {
    if (i > 0) text += ',';
    if (value === null) text += 'NULL';
    else if (Buffer.isBuffer(value)) text += `"\\\\x${value.toString('hex')}"`;
    else if (typeof value === 'string' && type !== 'timestamptz') text += quoted(value);
    else text += type === 'timestamptz' ? `"${String(value)}"` : String(value);
  }
  return `${text}}`;
}

const NEEDS_ESCAPE = /["\\]/;
const ESCAPED = /["\\]/g;

function quoted(value: string): string {
  return NEEDS_ESCAPE.test(value) ? `"${value.replace(ESCAPED, '\\$&')}"` : `"${value}"`;
}

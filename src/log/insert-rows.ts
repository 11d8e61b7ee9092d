/** One INSERT for many rows: a column is an array, so a batch of any size is one prepared statement. */
import { binaryArray, type Element, type ElementType } from '../database/binary-array.ts';
import type { TxClient } from '../database/tx.ts';

/** Name and SQL type of a column, and what stands in it for a row, or in all rows. `int8[]` takes array literals. */
export type Column<Row> = readonly [
  name: string,
  type: ElementType | 'int8[]' | 'timestamptz',
  value: ((row: Row, n: number) => Element) | { readonly all: Element },
];

/**
 * Inserts rows; nothing is sent when there are none.
 *
 *   insert into actions ("position", "actor", "at") select unnest($1::int8[]), unnest($2::text[]), $3::timestamptz
 */
export async function insertRows<Row>(
  tx: TxClient,
  table: string,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  onConflict = '',
): Promise<void> {
  if (rows.length === 0) return;
  const text = statement(table, columns, onConflict);
  const values = columns.map(([, type, value]) =>
    typeof value === 'object' ? value.all : binaryArray(elementsOf(type), rows, value),
  );
  await tx.query({ name: `insert-${table}`, text, values });
}

const statements = new Map<string, string>();

// One statement a table: no table is inserted into with two sets of columns.
function statement<Row>(table: string, columns: readonly Column<Row>[], onConflict: string): string {
  const known = statements.get(table);
  if (known !== undefined) return known;
  const names = columns.map(([name]) => `"${name}"`);
  // In the list of what is selected: as a table, each of these functions would first store all its rows.
  const picked = columns.map(([, type, value], i) => {
    if (typeof value === 'object') return `$${i + 1}::${type}`;
    const elements = elementsOf(type);
    return `unnest($${i + 1}::${elements}[])${elements === type ? '' : `::${type}`}`;
  });
  const text = `insert into ${table} (${names.join(', ')}) select ${picked.join(', ')} ${onConflict}`;
  statements.set(table, text);
  return text;
}

// unnest() flattens arrays of arrays: what is one itself travels as text.
function elementsOf(type: Column<never>[1]): ElementType {
  return type === 'int8[]' || type === 'timestamptz' ? 'text' : type;
}

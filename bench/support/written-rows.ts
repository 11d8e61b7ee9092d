/** The rows that knocks wrote, read back, to be written again by bare statements into a copy of the database. */
import { binaryArray } from '../../src/database/binary-array.ts';
import type { Database } from '../../src/database/database.ts';

/** One statement with what it is given. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A table that a knock adds a row to. */
interface Table {
  readonly table: string;
  /** The column that names the knock's event. */
  readonly event: string;
  /** Where the same rows can still be read. */
  readonly from?: string;
}

const TABLES: readonly Table[] = [
  { table: 'events', event: 'position' },
  { table: 'event_content', event: 'event' },
  { table: 'verdicts', event: 'event' },
  { table: 'transitions', event: 'event' },
  { table: 'state_changes', event: 'event' },
  { table: 'actions', event: 'event' },
  { table: 'room_state', event: 'event' },
  { table: 'knocks', event: 'event' },
  { table: 'member_words', event: 'event' },
  // A knock's row goes with the next one in its room.
  { table: 'extremities', event: 'event', from: 'verdicts' },
];

interface Column {
  readonly name: string;
  readonly type: string;
}

/** A table's rows of knocks in the order of their events, every value as text. */
export interface TableRows {
  readonly table: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (string | null)[])[];
}

/** What was written after `head`: of every table as many rows as there were knocks. */
export async function readRows({ pool }: Database, head: number): Promise<readonly TableRows[]> {
  return Promise.all(
    TABLES.map(async ({ table, event, from = table }) => {
      const { rows: columns } = await pool.query<Column>(
        `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute
          where attrelid = $1::regclass and attnum > 0 order by attnum`,
        [table],
      );
      const picked = columns.map(({ name }) => `"${name}"::text`).join(', ');
      const { rows } = await pool.query<(string | null)[]>({
        text: `select ${picked} from ${from} where ${event} > $1 order by ${event}`,
        values: [head],
        rowMode: 'array',
      });
      return { table, columns, rows };
    }),
  );
}

export function slice(tables: readonly TableRows[], from: number, to: number): readonly TableRows[] {
  return tables.map(({ rows, ...table }) => ({ ...table, rows: rows.slice(from, to) }));
}

/** One INSERT a table, a column an array. */
export function asArrays(tables: readonly TableRows[]): readonly Statement[] {
  return tables.map((rows) => ({
    name: `arrays-${rows.table}`,
    text: `insert into ${rows.table} (${names(rows)}) ${unnested(rows, 1)}`,
    values: arrays(rows),
  }));
}

/** One INSERT a table, its rows a list of VALUES. */
export function asValues(tables: readonly TableRows[]): readonly Statement[] {
  return tables.map((table) => {
    let n = 0;
    const row = () => `(${table.columns.map(() => `$${++n}`).join(', ')})`;
    return {
      name: `values-${table.table}-${table.rows.length}`,
      text: `insert into ${table.table} (${names(table)}) values ${table.rows.map(row).join(', ')}`,
      values: table.rows.flat(),
    };
  });
}

const BINARY = {
  bigint: { as: 'int8', of: Number },
  integer: { as: 'int4', of: Number },
  boolean: { as: 'bool', of: (text: string) => text === 'true' },
  bytea: { as: 'bytea', of: (text: string) => Buffer.from(text.slice(2), 'hex') },
} as const;
const TEXT = { as: 'text', of: (text: string) => text } as const;

/** As asArrays(), in the very format in which the append sends and unfolds its arrays. */
export function asBinary(tables: readonly TableRows[]): readonly Statement[] {
  return tables.map((table) => {
    const formats = table.columns.map(({ type }) => (type in BINARY ? BINARY[type as keyof typeof BINARY] : TEXT));
    const picked = table.columns.map(({ type }, i) => `unnest($${i + 1}::${formats[i]!.as}[])::${type}`);
    return {
      name: `binary-${table.table}`,
      text: `insert into ${table.table} (${names(table)}) select ${picked.join(', ')}`,
      values: formats.map(({ as, of }, i) =>
        binaryArray(as, table.rows, (row) => (row[i] == null ? null : of(row[i]))),
      ),
    };
  });
}

/** One statement for all tables. */
export function asOne(tables: readonly TableRows[]): Statement {
  let n = 1;
  const parts = tables.map((rows, i) => {
    const part = `t${i} as (insert into ${rows.table} (${names(rows)}) ${unnested(rows, n)})`;
    n += rows.columns.length;
    return part;
  });
  return { name: 'one', text: `with ${parts.join(', ')} select 1`, values: tables.flatMap(arrays) };
}

function names({ columns }: TableRows): string {
  return columns.map(({ name }) => `"${name}"`).join(', ');
}

// unnest() flattens arrays of arrays: what is an array itself travels as text.
function unnested({ columns }: TableRows, first: number): string {
  const picked = columns.map(({ name, type }) => `"${name}"::${type}`).join(', ');
  const given = columns.map(({ type }, i) => `$${first + i}::${type.endsWith('[]') ? 'text' : type}[]`).join(', ');
  return `select ${picked} from unnest(${given}) as v (${columns.map(({ name }) => `"${name}"`).join(', ')})`;
}

function arrays({ columns, rows }: TableRows): readonly string[] {
  return columns.map((_, i) => `{${rows.map((row) => literal(row[i]!)).join(',')}}`);
}

function literal(value: string | null): string {
  return value === null ? 'NULL' : `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** A superuser who has switched the triggers off: changes a checked log, looks what verification says, and puts all back. */
import { verify } from '../../src/commands/verify/verify.ts';
import type { VerifyReport } from '../../src/commands/verify/verify-report.ts';
import type { KnownSeal } from '../../src/commands/verify/verify-seals.ts';
import { SEALED_TABLES, type SealedTable } from '../../src/log/sealed-tables.ts';
import { sealLog } from '../../src/log/seals.ts';
import type { ServerIdentity } from '../../src/matrix/signatures.ts';
import { openTestDatabase, type TestDatabase } from './database.ts';
import { openTestLog, type TestLog } from './history.ts';

export interface Column {
  readonly name: string;
  readonly type: string;
}

export interface Row {
  readonly ctid: string;
  readonly position: number;
}

export interface TamperedLog {
  readonly test: TestDatabase;
  readonly log: TestLog;
  /** The seals as they were printed. */
  readonly printed: readonly KnownSeal[];
  seal(positionsPerSeal?: number): Promise<void>;
  check(knownSeals?: readonly KnownSeal[], identity?: ServerIdentity): Promise<VerifyReport>;
  query<R extends object>(text: string, values?: readonly unknown[]): Promise<readonly R[]>;
  /** Runs statements with the triggers off, in one transaction. */
  tamper(...statements: readonly string[]): Promise<void>;
  /** Tampers, looks, and puts these tables back as they were. */
  afterTampering(tables: readonly string[], ...statements: readonly string[]): Promise<VerifyReport>;
  /** As the catalogue has them. */
  columnsOf(table: string): Promise<readonly Column[]>;
  /** A row from the middle of the table, away from the edges of seals. */
  middleRow(table: string, position?: string): Promise<Row>;
  close(): Promise<void>;
}

export async function openTamperedLog(): Promise<TamperedLog> {
  const test = await openTestDatabase();
  const log = await openTestLog(test.database);
  const { pool } = test.owner;
  const printed: KnownSeal[] = [];
  const query = async <R extends object>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> =>
    (await pool.query<R>(text, [...values])).rows;

  const tamper = async (...statements: readonly string[]): Promise<void> => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      await client.query('set local session_replication_role = replica');
      for (const statement of statements) await client.query(statement);
      await client.query('commit');
    } catch (error) {
      await client.query('rollback');
      throw error;
    } finally {
      client.release();
    }
  };

  const check: TamperedLog['check'] = (knownSeals = [], identity = log.identity) =>
    verify({ pool: test.database.pool, identity }, { knownSeals });

  return {
    test,
    log,
    printed,
    query,
    tamper,
    check,
    async seal(positionsPerSeal = 1_000_000) {
      const logger = { info: (fields: object) => void printed.push(fields as KnownSeal) };
      await sealLog({ pool: test.database.pool, identity: log.identity, now: Date.now, logger }, positionsPerSeal);
    },
    async afterTampering(tables, ...statements) {
      const kept = tables.map((table) => `create table kept_${table} as table ${table}`);
      const restored = (table: string): readonly string[] => [
        `truncate ${table}`,
        `insert into ${table} select * from kept_${table}`,
        `drop table kept_${table}`,
      ];
      await tamper(...kept, ...statements);
      try {
        return await check();
      } finally {
        await tamper(...tables.flatMap(restored));
      }
    },
    columnsOf: (table) =>
      query<Column>(
        `select a.attname as name, t.typname as type from pg_attribute a join pg_type t on t.oid = a.atttypid
          where a.attrelid = $1::regclass and a.attnum > 0 and not a.attisdropped order by a.attnum`,
        [table],
      ),
    async middleRow(table, position = 'position') {
      const rows = await query<Row>(
        `select ctid::text, ${position} as position from ${table} order by ${position} offset (select count(*) / 2 from ${table}) limit 1`,
      );
      return rows[0]!;
    },
    async close() {
      await log.close();
      await test.close();
    },
  };
}

const OTHER: Readonly<Record<string, (column: string) => string>> = {
  text: (c) => `coalesce(${c}, '') || 'x'`,
  int2: (c) => `coalesce(${c}, 0) + 1`,
  int4: (c) => `coalesce(${c}, 0) + 1`,
  int8: (c) => `coalesce(${c}, 0) + 1000000`,
  _int8: (c) => `array_append(${c}, 1)`,
  bool: (c) => `not ${c}`,
  tsvector: (c) => `coalesce(${c}, '') || 'other'::tsvector`,
  bytea: (c) => `coalesce(${c}, '') || '\\x20'`,
  timestamptz: (c) => `${c} + interval '1 second'`,
};

/** SQL of a value that the column does not have. Throws on a type that nobody has thought of yet. */
export function otherThan({ name, type }: Column): string {
  // Their constraints take only these words.
  if (name === 'verdict') return "'rejected'";
  if (name === 'key') return "'type'";
  const other = OTHER[type];
  if (other === undefined) throw new Error(`no other value is known for a column of type ${type}`);
  return other(`"${name}"`);
}

/** The columns that a seal covers. */
export function sealedColumns(table: SealedTable): readonly string[] {
  return SEALED_TABLES.find(({ name }) => name === table)!.columns;
}

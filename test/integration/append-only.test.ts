/** The log's tables take rows and never let go of them: for the service's role, and for an owner who forgets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SEALED_TABLES } from '../../src/log/sealed-tables.ts';
import { sealLog } from '../../src/log/seals.ts';
import { PROJECTIONS } from '../../src/projections/index.ts';
import { openTestDatabase, type TestDatabase } from '../support/database.ts';
import { everyKind, makeKnockRoom, openTestLog, type TestLog } from '../support/history.ts';

const LOG_TABLES = [...SEALED_TABLES.map(({ name }) => name), 'log_seals'] as const;

let test: TestDatabase;
let log: TestLog;

beforeAll(async () => {
  test = await openTestDatabase();
  log = await openTestLog(test.database);
  const roomId = await makeKnockRoom(log.deps, 'boss');
  await everyKind(log.deps, roomId, 'boss', 'kept');
  await sealLog({ pool: test.database.pool, identity: log.identity, now: Date.now, logger: { info: () => undefined } });
});

afterAll(async () => {
  await log.close();
  await test.close();
});

async function names(text: string): Promise<readonly string[]> {
  return (await test.owner.pool.query<{ name: string }>(text)).rows.map(({ name }) => name).sort();
}

/** Every way to change or lose a row of a table. */
async function changes(table: string): Promise<readonly string[]> {
  const { rows } = await test.owner.pool.query<{ column: string; key: string }>(
    `select min(a.attname) as column, string_agg(format('%I', a.attname), ', ') as key from pg_index i
       join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey) where i.indrelid = $1::regclass and i.indisprimary`,
    [table],
  );
  const { column, key } = rows[0]!;
  return [
    `update ${table} set ${column} = ${column}`,
    `update ${table} set ${column} = ${column} where false`,
    `delete from ${table}`,
    `truncate ${table}`,
    `truncate ${table} cascade`,
    `insert into ${table} select * from ${table} limit 1 on conflict (${key}) do update set ${column} = excluded.${column}`,
    `merge into ${table} t using (select 1) s on true when matched then delete`,
  ];
}

describe('a table of the log', () => {
  for (const table of LOG_TABLES) {
    it(`${table}: refuses UPDATE, DELETE and TRUNCATE, whoever asks, and keeps every row`, async () => {
      const count = `select count(*)::int4 as rows from ${table}`;
      const before = await test.owner.pool.query<{ rows: number }>(count);
      if (table !== 'erasures') expect(before.rows[0]!.rows).toBeGreaterThan(0);
      for (const statement of await changes(table)) {
        await expect(test.database.pool.query(statement), `service: ${statement}`).rejects.toThrow('permission denied');
        await expect(test.owner.pool.query(statement), `owner: ${statement}`).rejects.toThrow(
          `${table} is append-only`,
        );
      }
      expect((await test.owner.pool.query(count)).rows).toEqual(before.rows);
    });
  }

  it('refuses the service even when somebody granted it everything', async () => {
    await test.owner.pool.query('grant all on all tables in schema public to vestibule_service');
    for (const table of LOG_TABLES)
      for (const statement of await changes(table))
        await expect(test.database.pool.query(statement), statement).rejects.toThrow(`${table} is append-only`);
  });

  it('cannot be made changeable by the service', async () => {
    const { pool } = test.database;
    await expect(pool.query('alter table events disable trigger append_only')).rejects.toThrow('must be owner');
    await expect(pool.query('drop table events')).rejects.toThrow('must be owner');
    await expect(pool.query("set session_replication_role = 'replica'")).rejects.toThrow('permission denied');
  });
});

describe('the catalogue', () => {
  it('knows as append-only exactly the tables that seals cover, and the seals', async () => {
    const guarded = await names("select tgrelid::regclass::text as name from pg_trigger where tgname = 'append_only'");
    expect(guarded).toEqual([...LOG_TABLES].sort());
  });

  it('holds no table with a position that verification does not know', async () => {
    const counted = await names(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'position'`,
    );
    const beside = ['action_content', 'deliveries', 'idempotency', 'log_head', 'reader_positions', 'verify_runs'];
    expect(counted).toEqual([...SEALED_TABLES.map(({ name }) => name), ...beside].sort());
  });

  it('holds no table of rooms that is neither log, words, facts beside the log, rebuilt, what users keep of rooms, nor what other servers are owed', async () => {
    const ofRooms = await names(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid
        where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.attname = 'room_id'`,
    );
    const known = [...SEALED_TABLES.map(({ name }) => name), ...PROJECTIONS.flatMap(({ tables }) => tables)];
    const beside = ['event_content', 'gaps', 'out_of_band'];
    const kept = ['account_data', 'forgotten_rooms', 'published_rooms', 'room_aliases'];
    const owed = ['deliveries', 'handshakes'];
    const others = ofRooms.filter((name) => !known.some((other) => other === name));
    expect(others).toEqual([...beside, ...kept, ...owed].sort());
  });
});

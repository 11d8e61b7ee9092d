/** Who may own the database: whatever the owner's rights, migrations run, and nobody changes the log by accident. */
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { openDatabase, type Database } from '../../src/database/database.ts';
import { migrate } from '../../src/database/migrate.ts';

interface Case {
  readonly owner: string;
  /** What makes the owner, who is no superuser. */
  readonly made: readonly string[];
  /** In which role the service works. */
  readonly service: string;
  /** Who refuses it to change the log: the missing right, or the trigger. */
  readonly refusal: string;
}

const PASSWORD = 'of no use elsewhere';

const CASES: readonly Case[] = [
  {
    owner: 'granted_owner',
    made: [`create role granted_owner login password '${PASSWORD}'`, 'grant vestibule_service to granted_owner'],
    service: 'vestibule_service',
    refusal: 'permission denied',
  },
  {
    // The role exists already, made by somebody else, who did not grant it.
    owner: 'plain_owner',
    made: [`create role plain_owner login password '${PASSWORD}'`],
    service: 'plain_owner',
    refusal: 'append-only',
  },
];

let root: Database;

beforeAll(() => {
  root = openDatabase({ url: inject('postgresUrl'), role: 'owner', max: 1 });
});

afterAll(() => root.close());

describe.each(CASES)('a database of $owner', ({ owner, made, service, refusal }) => {
  const databases: Database[] = [];

  function open(role: 'owner' | 'service'): Database {
    const url = new URL(inject('postgresUrl'));
    [url.username, url.password, url.pathname] = [owner, PASSWORD, `/of_${owner}`];
    const database = openDatabase({ url: url.href, role, max: 1 });
    databases.push(database);
    return database;
  }

  beforeAll(async () => {
    for (const statement of [...made, `create database of_${owner} owner ${owner}`]) await root.pool.query(statement);
  });

  afterAll(async () => {
    for (const database of databases) await database.close();
    await root.pool.query(`drop database of_${owner} with (force)`);
    await root.pool.query(`drop role ${owner}`);
  });

  it('is migrated, and then once and for all', async () => {
    expect((await migrate(open('owner'))).applied.length).toBeGreaterThan(0);
    expect((await migrate(open('owner'))).applied).toEqual([]);
  });

  it(`is served as ${service}, which reads and adds to the log`, async () => {
    const { rows } = await open('service').pool.query(
      'select current_user as name, count(*)::int4 as events from events',
    );
    expect(rows).toEqual([{ name: service, events: 0 }]);
  });

  it(`refuses changes of the log: ${refusal}`, async () => {
    const { pool } = open('service');
    for (const change of ['delete from events', 'update transitions set kind = kind', 'truncate actions'])
      await expect(pool.query(change)).rejects.toMatchObject({
        code: '42501',
        message: expect.stringContaining(refusal),
      });
  });
});

/** A migrated database of one's own, copied from the run's template; dropped on close. */
import { inject } from 'vitest';
import { openDatabase, type Database } from '../../src/database/database.ts';

export interface TestDatabase {
  readonly url: string;
  /** With the service's rights. */
  readonly database: Database;
  /** With the owner's. */
  readonly owner: Database;
  close(): Promise<void>;
}

let made = 0;

export async function openTestDatabase(): Promise<TestDatabase> {
  const name = `test_${process.pid}_${String((made += 1))}`;
  await onServer(`create database ${name} template ${inject('template')}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${name}`;
  const database = openDatabase({ url: url.href, max: 20 });
  const owner = openDatabase({ url: url.href, role: 'owner', max: 6 });
  return {
    url: url.href,
    database,
    owner,
    async close() {
      await database.close();
      await owner.close();
      await onServer(`drop database ${name} with (force)`);
    },
  };
}

async function onServer(statement: string): Promise<void> {
  const admin = openDatabase({ url: inject('postgresUrl'), role: 'owner', max: 1 });
  try {
    await admin.pool.query(statement);
  } finally {
    await admin.close();
  }
}

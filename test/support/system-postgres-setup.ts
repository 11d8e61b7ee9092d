/** The second run of the storage tests: on the Postgres of the machine. */
import type { TestProject } from 'vitest/node';
import { provideServer } from './global-setup.ts';
import { tell } from './programs.ts';
import { findSystemPostgres, startSystemPostgres } from './system-postgres.ts';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const found = findSystemPostgres();
  if (found === null) throw new Error('this machine has no Postgres of its own');
  tell(`Postgres: ${found.version}, the machine's own, for a second run`);
  project.provide('redis', null);
  return provideServer(project, await startSystemPostgres(found));
}

// Which tests exist, by kind. Each kind has its own npm script and its own patience; the quick ones run first.
import { defineConfig } from 'vitest/config';
import { findSystemPostgres } from './test/support/system-postgres.ts';

const project = (name: string, groupOrder: number, extra: object = {}) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    environment: 'node',
    pool: 'forks' as const,
    sequence: { groupOrder },
    ...extra,
  },
});

// On the machine's own Postgres, where it has one: what speaks to the database in ways that versions could differ in.
const STORAGE = ['append-only', 'database-roles', 'erase', 'lanes', 'migrate', 'seals', 'verify-tail'];
const systemPostgres = project('system-postgres', 2, {
  include: STORAGE.map((name) => `test/integration/${name}.test.ts`),
  testTimeout: 120_000,
  hookTimeout: 120_000,
  globalSetup: 'test/support/system-postgres-setup.ts',
});

export default defineConfig({
  test: {
    // By default a core stays idle, of two as of many.
    maxWorkers: '100%',
    projects: [
      // Their files share what is loaded: loading it anew for each would take as long as the unit tests.
      project('unit', 0, { testTimeout: 20_000, isolate: false }),
      project('integration', 1, {
        isolate: false,
        testTimeout: 120_000,
        hookTimeout: 120_000,
        globalSetup: 'test/support/global-setup.ts',
      }),
      ...(findSystemPostgres() === null ? [] : [systemPostgres]),
      project('referee', 3, {
        testTimeout: 600_000,
        hookTimeout: 600_000,
        globalSetup: 'test/referee/global-setup.ts',
      }),
      project('clients', 3, {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        globalSetup: 'test/support/clients-setup.ts',
      }),
      project('interop', 3, {
        testTimeout: 300_000,
        hookTimeout: 300_000,
        globalSetup: ['test/support/global-setup.ts', 'test/referee/global-setup.ts'],
      }),
      project('browser', 3, {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        globalSetup: 'test/support/browser-setup.ts',
      }),
    ],
  },
});

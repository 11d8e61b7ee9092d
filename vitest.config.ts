// Which tests exist, by kind. Each kind has its own npm script and its own patience; the quick ones run first.
import { defineConfig } from 'vitest/config';

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

export default defineConfig({
  test: {
    projects: [
      project('unit', 0, { testTimeout: 20_000 }),
      project('integration', 1, {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        globalSetup: 'test/support/global-setup.ts',
      }),
      project('referee', 2, {
        testTimeout: 600_000,
        hookTimeout: 600_000,
        globalSetup: 'test/referee/global-setup.ts',
      }),
      project('browser', 3, {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        globalSetup: 'test/support/browser-setup.ts',
      }),
    ],
  },
});

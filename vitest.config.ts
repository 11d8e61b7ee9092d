// Which tests exist, by kind; each kind has its own npm script and its own patience.
import { defineConfig } from 'vitest/config';

const project = (name: string, extra: object = {}) => ({
  test: { name, include: [`test/${name}/**/*.test.ts`], environment: 'node', pool: 'forks' as const, ...extra },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', { testTimeout: 20_000 }),
      project('integration', {
        testTimeout: 120_000,
        hookTimeout: 120_000,
        globalSetup: 'test/support/global-setup.ts',
      }),
      project('referee', { testTimeout: 600_000, hookTimeout: 600_000 }),
    ],
  },
});

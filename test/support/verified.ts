/** The log of a story as `verify --deep` finds it. */
import { expect } from 'vitest';
import { runRole } from './server.ts';
import type { Story } from './story.ts';

/** Expects every row of the log, and every projection of it, to be as it should. */
export async function verifiedClean(story: Story): Promise<void> {
  const { code, out, log } = await runRole(['verify', '--deep'], {
    DATABASE_URL: story.databaseUrl,
    DATA_DIR: story.server().dataDir,
  });
  expect(code, `${out}\n${log}`).toBe(0);
}

/** The browser of a test run: the system's Chromium, installed where we may; `inject('chromium')` is its path. */
import type { TestProject } from 'vitest/node';
import { findProgram, tell } from './programs.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Null: there is none on this machine, and that was said. */
    readonly chromium: string | null;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const tests = 'THE TESTS IN A BROWSER';
  const path = await findProgram({ names, variable: 'CHROMIUM_PATH', debian: 'chromium', tests });
  if (path !== null) tell(`Browser: ${path}`);
  project.provide('chromium', path);
}

// Calls the referee in before the first test of the rules: in CI there is no test without one.
import type { TestProject } from 'vitest/node';
import { pythonEnvironment, SYNAPSE } from '../support/python-environment.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The interpreter that can import Synapse, or null where it could not be installed. */
    readonly synapsePython: string | null;
  }
}

export async function setup(project: TestProject): Promise<void> {
  const environment = await pythonEnvironment(SYNAPSE);
  if ('python' in environment) {
    project.provide('synapsePython', environment.python);
    return;
  }
  const message = `Synapse could not be installed, so nothing referees our rules: ${environment.missing}`;
  if (process.env['CI'] !== undefined) throw new Error(message);
  process.stderr.write(`\n  WARNING: the referee's tests are skipped.\n  ${message}\n\n`);
  project.provide('synapsePython', null);
}

// Installs Synapse, the referee of the rules and the other server, before the first test: in CI there is no test without it.
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
  const message = `Synapse could not be installed, so nothing of ours is held against it: ${environment.missing}`;
  if (process.env['CI'] !== undefined) throw new Error(message);
  process.stderr.write(`\n  WARNING: the tests with Synapse are skipped.\n  ${message}\n\n`);
  project.provide('synapsePython', null);
}

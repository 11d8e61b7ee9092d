/** The clients of a test run that npm does not bring: matrix-nio; `inject('nioPython')` is the interpreter that has it. */
import type { TestProject } from 'vitest/node';
import { tell } from './programs.ts';
import { NIO, pythonEnvironment } from './python-environment.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Null: it could not be installed, and that was said. */
    readonly nioPython: string | null;
  }
}

export default async function setup(project: TestProject): Promise<void> {
  const environment = await pythonEnvironment(NIO);
  if ('python' in environment) {
    project.provide('nioPython', environment.python);
    return;
  }
  const message = `matrix-nio could not be installed: ${environment.missing}`;
  if (process.env['CI'] !== undefined) throw new Error(message);
  tell(`THE TESTS WITH MATRIX-NIO ARE LEFT OUT. ${message}`);
  project.provide('nioPython', null);
}

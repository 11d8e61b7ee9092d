/** Programs of the system that tests need: found on the PATH, else installed on a Debian that we may change. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Wanted {
  /** The environment variable that may name another one. */
  readonly variable?: string;
  /** What it is called, on one system or another; the first that is there is taken. */
  readonly names: readonly string[];
  /** The Debian package that brings it. */
  readonly debian: string;
  /** Which tests have to be left out without it. */
  readonly tests: string;
}

/**
 * Resolves to the program's path, or, having said so loudly, to null: the tests that need it are then left out.
 * Nothing is left out in CI: there it rejects.
 */
export async function findProgram(wanted: Wanted): Promise<string | null> {
  const named = process.env[wanted.variable ?? ''];
  const found = (await which(named === undefined ? wanted.names : [named])) ?? (await installed(wanted));
  if (found !== null) return found;
  const without = `There is no ${named ?? `${wanted.names.join(' or ')} on the PATH`}`;
  if (process.env['CI'] !== undefined) throw new Error(`${without}, and in CI no test is left out.`);
  tell(`!!! ${without}: ${wanted.tests} ARE LEFT OUT.`);
  return null;
}

/** A line for whoever runs the tests. */
export function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function which(names: readonly string[]): Promise<string | null> {
  for (const name of names) {
    const answer = await run('/bin/sh', ['-c', 'command -v "$0"', name]).catch(() => null);
    if (answer !== null) return answer.stdout.trim();
  }
  return null;
}

async function installed({ names, debian }: Wanted): Promise<string | null> {
  if (process.getuid?.() !== 0 || (await which(['apt-get'])) === null) return null;
  tell(`${names[0]} is missing: installing Debian's ${debian}`);
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, maxBuffer: 64 << 20 };
  try {
    await run('apt-get', ['update', '-qq'], options);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debian], options);
  } catch (error) {
    tell(`apt-get could not: ${error instanceof Error ? error.message : String(error)}`);
  }
  return which(names);
}

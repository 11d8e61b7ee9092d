// Virtual environments with packages from PyPI, made once per checkout and pinned by files of requirements.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);
const HOME = fileURLToPath(new URL('.venv/', ROOT));

export interface Wanted {
  /** A short name for its folder. */
  readonly name: string;
  /** What it is, and what for. */
  readonly what: string;
  /** The file of requirements, from the repository's root. */
  readonly requirements: string;
  /** What must be possible to import when it is complete. */
  readonly module: string;
}

export const SYNAPSE: Wanted = {
  name: 'synapse',
  what: 'Synapse, the referee of the rules and another homeserver',
  requirements: 'test/referee/requirements.txt',
  module: 'synapse.event_auth',
};

export const NIO: Wanted = {
  name: 'nio',
  what: 'matrix-nio, a client',
  requirements: 'test/clients/requirements.txt',
  module: 'nio',
};

export type PythonEnvironment = { readonly python: string } | { readonly missing: string };

/**
 * The interpreter of an environment that has what is wanted. Made when it is not there yet, which takes up to half a
 * minute and says so on stderr; where none can be made (no python3, no network), `missing` says why.
 *
 * Run its programs as `python -m name`: the environment is moved to its place when it is complete, which scripts in its
 * `bin` do not survive.
 */
export async function pythonEnvironment(wanted: Wanted): Promise<PythonEnvironment> {
  // The folder is named after what it was made from, so that a changed requirement makes a new one.
  const requirements = fileURLToPath(new URL(wanted.requirements, ROOT));
  const made = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  const folder = join(HOME, `${wanted.name}-${made}`);
  try {
    if (!existsSync(folder)) await make(folder, wanted, requirements);
    return { python: pythonOf(folder) };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** What is at `folder` is always complete: runs that start together each make one aside, and the first to finish stays. */
async function make(folder: string, { name, what, module }: Wanted, requirements: string): Promise<void> {
  const began = performance.now();
  const say = (words: string): boolean =>
    process.stderr.write(`${words} (${Math.round((performance.now() - began) / 1000)} s)\n`);
  say(`Installing ${what}, from PyPI into .venv/, once`);
  const progress = setInterval(() => say(`Installing ${name}`), 5_000);
  const aside = `${folder}.${process.pid}`;
  try {
    await mkdir(HOME, { recursive: true });
    await sweep();
    await run('python3', ['-m', 'venv', aside]);
    await run(pythonOf(aside), ['-m', 'pip', 'install', '--quiet', '--requirement', requirements]);
    await run(pythonOf(aside), ['-c', `import ${module}`]);
    await rename(aside, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
    say(`Installed ${name}`);
  } finally {
    clearInterval(progress);
    await rm(aside, { recursive: true, force: true });
  }
}

/** Removes what interrupted runs left: unfinished environments whose process is gone. */
async function sweep(): Promise<void> {
  for (const name of await readdir(HOME)) {
    const owner = /^[a-z]+-[0-9a-f]+\.([0-9]+)$/.exec(name)?.[1];
    if (owner !== undefined && !isRunning(Number(owner))) await rm(join(HOME, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function run(command: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk.toString()}`.slice(-2_000);
    });
    child.once('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.slice(0, 3).join(' ')} failed with ${code}: ${complaint.trim()}`));
    });
  });
}

function pythonOf(folder: string): string {
  return process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python');
}

// A virtual environment with Synapse from PyPI, made once per checkout and pinned by test/referee/requirements.txt.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REQUIREMENTS = fileURLToPath(new URL('../referee/requirements.txt', import.meta.url));
const HOME = fileURLToPath(new URL('../../.venv/', import.meta.url));

export type SynapseEnvironment = { readonly python: string } | { readonly missing: string };

/**
 * The interpreter of an environment in which `import synapse` works. Made when it is not there yet, which takes about
 * half a minute and says so on stderr; where none can be made (no python3, no network), `missing` says why.
 *
 * Run its programs as `python -m name`: the environment is moved to its place when it is complete, which scripts in its
 * `bin` do not survive.
 */
export async function synapseEnvironment(): Promise<SynapseEnvironment> {
  // The folder is named after what it was made from, so that a changed requirement makes a new one.
  const folder = join(
    HOME,
    `synapse-${createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12)}`,
  );
  try {
    if (!existsSync(folder)) await make(folder);
    return { python: pythonOf(folder) };
  } catch (error) {
    return { missing: error instanceof Error ? error.message : String(error) };
  }
}

/** What is at `folder` is always complete: runs that start together each make one aside, and the first to finish stays. */
async function make(folder: string): Promise<void> {
  const began = performance.now();
  const say = (what: string): boolean =>
    process.stderr.write(`${what} (${Math.round((performance.now() - began) / 1000)} s)\n`);
  say('Installing Synapse, the referee of the rules, from PyPI into .venv/, once');
  const progress = setInterval(() => say('Installing Synapse'), 5_000);
  const aside = `${folder}.${process.pid}`;
  try {
    await mkdir(HOME, { recursive: true });
    await sweep();
    await run('python3', ['-m', 'venv', aside]);
    await run(pythonOf(aside), ['-m', 'pip', 'install', '--quiet', '--requirement', REQUIREMENTS]);
    await run(pythonOf(aside), ['-c', 'import synapse.event_auth']);
    await rename(aside, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
    say('Installed Synapse');
  } finally {
    clearInterval(progress);
    await rm(aside, { recursive: true, force: true });
  }
}

/** Removes what interrupted runs left: unfinished environments whose process is gone. */
async function sweep(): Promise<void> {
  for (const name of await readdir(HOME)) {
    const owner = /^synapse-[0-9a-f]+\.([0-9]+)$/.exec(name)?.[1];
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

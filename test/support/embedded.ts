/** Looks at the embedded Postgres of a data folder from outside: its process, its address. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { passwordFileOf } from '../../src/database/embedded-postgres.ts';

const run = promisify(execFile);

/** Postgres takes it away when it ends in order; a process id says less, as a dead one's may stay until somebody reaps it. */
export const lockFile = (dataDir: string): string => join(dataDir, 'postgres', 'postmaster.pid');

export async function embeddedProcess(dataDir: string): Promise<{ readonly pid: number; readonly url: string }> {
  const [pid, , , port] = (await readFile(lockFile(dataDir), 'utf8')).split('\n');
  const password = (await readFile(passwordFileOf(join(dataDir, 'postgres')), 'utf8')).trim();
  return { pid: Number(pid), url: `postgres://vestibule:${password}@127.0.0.1:${port}/postgres` };
}

/** Process ids of all postmasters that were started on the folder. */
export async function postmasters(dataDir: string): Promise<readonly number[]> {
  const { stdout } = await run('ps', ['-axo', 'pid=,args='], { maxBuffer: 16 * 1024 * 1024 });
  // Its children have titles of their own, without the folder.
  const lines = stdout.split('\n').filter((line) => line.includes(`-D ${join(dataDir, 'postgres')} `));
  return lines.map((line) => Number.parseInt(line, 10));
}

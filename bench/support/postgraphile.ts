/** PostGraphile to compare with: installed from its lockfile when it is not there yet, in a process of its own. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, readFile, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../test/support/free-port.ts';
import { startProgram, type Program } from './program.ts';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('../postgraphile/', import.meta.url));
const HOME = fileURLToPath(new URL('../../.venv/', import.meta.url));

/** Serves the tables of a database at POST /graphql. Rejects when it cannot be installed, or does not start. */
export async function startPostgraphile(databaseUrl: string): Promise<Program> {
  const folder = await install();
  const port = await freePort();
  const env = { ...process.env, NODE_ENV: 'production', GRAPHILE_ENV: 'production' };
  const child = spawn(process.execPath, [`${folder}/server.mjs`, databaseUrl, String(port)], { env });
  return startProgram(child, port, '/graphql', '{"query":"{ __typename }"}');
}

// The folder is named after what it was made from, and is complete when it is there.
async function install(): Promise<string> {
  const files = ['package-lock.json', 'server.mjs'].map((name) => readFile(`${SOURCE}${name}`));
  const made = createHash('sha256').update(Buffer.concat(await Promise.all(files)));
  const folder = `${HOME}postgraphile-${made.digest('hex').slice(0, 12)}`;
  if (existsSync(folder)) return folder;
  const aside = `${folder}.${process.pid}`;
  await cp(SOURCE, aside, { recursive: true });
  await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: aside });
  await rename(aside, folder).catch(() => rm(aside, { recursive: true }));
  return folder;
}

/** The Postgres that the machine itself has, for a second run on another version: Debian keeps the programs of each version apart. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { newSecret } from '../../src/accounts/secrets.ts';
import { freePort } from './free-port.ts';
import type { TestServer } from './global-setup.ts';

const run = promisify(execFile);

const INSTALLED = '/usr/lib/postgresql';
const OLDEST = 15;

export interface SystemPostgres {
  readonly version: number;
  /** The directory of its programs. */
  readonly programs: string;
}

/** The oldest that is not too old, farthest from the embedded one; null when the machine has none with a server. */
export function findSystemPostgres(): SystemPostgres | null {
  if (!existsSync(INSTALLED)) return null;
  const versions = readdirSync(INSTALLED)
    .map(Number)
    .filter((version) => version >= OLDEST && existsSync(join(INSTALLED, String(version), 'bin', 'initdb')))
    .sort((a, b) => a - b);
  const version = versions[0];
  return version === undefined ? null : { version, programs: join(INSTALLED, String(version), 'bin') };
}

/** Starts a server of its own, with nothing in it, on a free port of 127.0.0.1. */
export async function startSystemPostgres({
  programs,
}: SystemPostgres): Promise<TestServer & { readonly pid: number }> {
  const home = await mkdtemp(join(tmpdir(), 'vestibule-system-postgres-'));
  const account = await unprivileged();
  const as = { ...account, cwd: '/', env: { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } };
  const [data, password, port] = [join(home, 'data'), newSecret('postgres'), await freePort()];
  const passwordFile = join(home, 'password');
  await chmod(home, 0o700);
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account !== null) for (const path of [home, passwordFile]) await chown(path, account.uid, account.gid);
  const access = ['-U', 'vestibule', '-A', 'scram-sha-256', '--pwfile', passwordFile];
  await run(join(programs, 'initdb'), ['-D', data, ...access, '-E', 'UTF8', '--locale=C'], as);
  const flags = `-c listen_addresses=127.0.0.1 -c port=${port} -c unix_socket_directories= -c max_connections=100`;
  const control = (...words: readonly string[]) => run(join(programs, 'pg_ctl'), ['-D', data, '-w', ...words], as);
  await control('-l', join(home, 'server.log'), '-o', flags, 'start');
  const [pid] = (await readFile(join(data, 'postmaster.pid'), 'utf8')).split('\n');
  return {
    pid: Number(pid),
    url: `postgres://vestibule:${password}@127.0.0.1:${port}/postgres`,
    async stop() {
      await control('-m', 'fast', 'stop');
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Null: we are no root, and run it ourselves. */
async function unprivileged(): Promise<{ readonly uid: number; readonly gid: number } | null> {
  if (userInfo().uid !== 0) return null;
  const id = async (flag: string): Promise<number> => Number((await run('id', [flag, 'postgres'])).stdout);
  return { uid: await id('-u'), gid: await id('-g') };
}
